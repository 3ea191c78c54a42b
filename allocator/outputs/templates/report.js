"use strict";
(function () {
  var form = document.getElementById("finder");
  if (!form) return;
  var text = document.getElementById("find");
  var shown = document.getElementById("show");
  var told = document.getElementById("told");
  var rows = Array.prototype.slice.call(document.querySelectorAll("#decisions-table tbody tr"));
  var words = rows.map(function (row) { return row.cells[0].textContent.toLowerCase(); });
  function plain(value) { return value.normalize("NFD").replace(/[\u0300-\u036f]/g, ""); }
  words = words.map(plain);
  function filter() {
    var wanted = plain(text.value.trim().toLowerCase());
    var count = 0;
    rows.forEach(function (row, i) {
      var fits = words[i].indexOf(wanted) >= 0 && (!shown.value || row.dataset.d === shown.value);
      row.hidden = !fits;
      if (fits) count += 1;
    });
    told.textContent = told.dataset.pattern.replace("{shown}", count).replace("{all}", rows.length);
  }
  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  text.addEventListener("input", filter);
  shown.addEventListener("change", filter);
  function open() {
    var row = document.getElementById(location.hash.slice(1));
    if (rows.indexOf(row) < 0) return;
    if (row.hidden) { text.value = ""; shown.value = ""; filter(); }
    var details = row.querySelector("details");
    if (details) details.open = true;
    row.scrollIntoView();
  }
  window.addEventListener("hashchange", open);
  filter();
  open();
})();
