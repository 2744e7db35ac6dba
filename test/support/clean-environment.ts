/** Without the options of the test runner and without settings of the person who runs the tests. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(?:NODE_|HEARTH_|JEST_|OTEL_)/u;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
