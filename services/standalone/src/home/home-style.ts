/** The page's style sheet: light and dark as the browser asks, and one column on narrow screens. */
export const HOME_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1d1b19; --quiet: #6b645e; --line: #e4dfda; --fill: #f6f3f0;
  --accent: #b4480f; --good: #2c6e33; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161412; --ink: #ece7e2; --quiet: #a39b93; --line: #34302c; --fill: #211e1b;
    --accent: #f08c4e; --good: #7fc98a; --bad: #f28b82;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 62rem; padding: 1.5rem 1.5rem 4rem;
  background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
}
header { display: flex; align-items: baseline; gap: .25rem 1rem; flex-wrap: wrap; }
h1 { margin: 0; font-size: 1.9rem; letter-spacing: -.02em; color: var(--accent); }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; }
h3 { margin: 1.5rem 0 0; font-size: 1rem; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: 1px; }
.state::before { content: ""; display: inline-block; width: .6em; height: .6em; margin-right: .4em; border-radius: 50%; background: currentColor; }
.good { color: var(--good); } .bad { color: var(--bad); }
.version { margin-left: auto; } .version, .facts, thead { color: var(--quiet); font-size: .875rem; }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--fill); border-radius: .3rem; }
code { padding: .1rem .3rem; }
pre { margin: .75rem 0; padding: .75rem 1rem; border: 1px solid var(--line); white-space: pre-wrap; }
table { width: 100%; margin-top: .5rem; border-collapse: collapse; }
th, td { padding: .5rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-top: 0; padding: .25rem 0; font-weight: 400; }
th:first-child { width: 34%; padding-right: 1.5rem; } tbody th { font-weight: 600; }
ul { margin: 0; padding: 0; list-style: none; }
li { display: grid; grid-template-columns: 7.5rem 1fr; gap: 0 1rem; }
li span { color: var(--quiet); } li div { display: flex; flex-wrap: wrap; gap: 0 .9rem; }
@media (max-width: 40rem) {
  body { padding: 1rem 1rem 3rem; }
  thead { display: none; }
  th, td { display: block; } th:first-child { width: auto; padding: .6rem 0 0; } td { border: 0; padding: 0 0 .6rem; }
  li { grid-template-columns: 6.5rem 1fr; }
}
`;
