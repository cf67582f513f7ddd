const kept = (() => {
  try {
    return localStorage.getItem('pare-theme');
  } catch {
    return null;
  }
})();
const dark = kept ? kept === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
document.documentElement.dataset.theme = dark ? 'dark' : 'light';
