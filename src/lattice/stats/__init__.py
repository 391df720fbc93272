"""Numbers one can decide on. Needs no run: every function takes plain sequences or arrays."""

from lattice.stats.agreement import (
    Agreement,
    cohens_kappa,
    confusion_matrix,
    kappa_for_verdicts,
    krippendorff_alpha,
    spearman,
)
from lattice.stats.comparison import McNemar, Paired, Unpaired, mcnemar, paired, unpaired
from lattice.stats.correction import (
    CorrectedMean,
    CorrectedProportion,
    JudgedProportion,
    corrected_proportion,
    ppi_mean,
)
from lattice.stats.estimates import mean_interval, metric_interval, proportion_interval
from lattice.stats.levels import Level, against_level, measure_against_level
from lattice.stats.live import LiveMean
from lattice.stats.missing import Estimate, LiveMetric, Measured, measure, measure_difference
from lattice.stats.multiplicity import AdjustedPValues, benjamini_hochberg, holm
from lattice.stats.power import Power, detectable_difference, required_inputs
from lattice.stats.ranking import BradleyTerry, bradley_terry
from lattice.stats.records import Interval, MeanInterval, ProportionInterval
from lattice.stats.samples import NoMeanLeft
from lattice.stats.sequential import (
    ConfidenceSequence,
    confidence_sequence,
    live_proportion,
    paired_sequence,
)
from lattice.stats.summary import Summary, summarise

__all__ = [
    "AdjustedPValues",
    "Agreement",
    "BradleyTerry",
    "ConfidenceSequence",
    "CorrectedMean",
    "CorrectedProportion",
    "Estimate",
    "Interval",
    "JudgedProportion",
    "Level",
    "LiveMean",
    "LiveMetric",
    "McNemar",
    "MeanInterval",
    "Measured",
    "NoMeanLeft",
    "Paired",
    "Power",
    "ProportionInterval",
    "Summary",
    "Unpaired",
    "against_level",
    "benjamini_hochberg",
    "bradley_terry",
    "cohens_kappa",
    "confidence_sequence",
    "confusion_matrix",
    "corrected_proportion",
    "detectable_difference",
    "holm",
    "kappa_for_verdicts",
    "krippendorff_alpha",
    "live_proportion",
    "mcnemar",
    "mean_interval",
    "measure",
    "measure_against_level",
    "measure_difference",
    "metric_interval",
    "paired",
    "paired_sequence",
    "ppi_mean",
    "proportion_interval",
    "required_inputs",
    "spearman",
    "summarise",
    "unpaired",
]
