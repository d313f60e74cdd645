/* Light or dark, set before anything is drawn: a classic script, not a module. */
{
  const chosen = localStorage.getItem("genart-theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}
