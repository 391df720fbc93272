// Files dropped onto a field, or anywhere onto the form: the kind of each says which field it is for.
(() => {
  "use strict";
  const form = document.querySelector(".drop-form");
  const [evaluation, inputs] = form.querySelectorAll("input[type=file]");
  const show = (field) => {
    field.closest("[data-drop]").querySelector("[data-drop-name]").textContent = field.files[0]?.name ?? "";
  };
  const give = (field, file) => {
    const list = new DataTransfer();
    list.items.add(file);
    field.files = list.files;
    show(field);
  };
  for (const field of [evaluation, inputs]) field.addEventListener("change", () => show(field));
  for (const type of ["dragover", "dragenter"]) {
    form.addEventListener(type, (event) => {
      event.preventDefault();
      event.target.closest("[data-drop]")?.classList.add("over");
    });
  }
  for (const type of ["dragleave", "drop"]) {
    form.addEventListener(type, () => form.querySelectorAll(".over").forEach((each) => each.classList.remove("over")));
  }
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    const onto = event.target.closest("[data-drop]")?.querySelector("input");
    const files = [...event.dataTransfer.files];
    for (const file of files) {
      const isConfiguration = /\.ya?ml$/i.test(file.name) || (files.length > 1 && /\.json$/i.test(file.name));
      give(files.length === 1 && onto ? onto : isConfiguration ? evaluation : inputs, file);
    }
  });
})();
