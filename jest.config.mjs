/** Tests run the TypeScript sources as ES modules; types are checked by tsc beside jest, never inside it. */
export default {
  testMatch: [
    "<rootDir>/libs/*/{src,test}/**/*.test.ts",
    "<rootDir>/services/*/{src,test}/**/*.test.ts",
    "<rootDir>/test/**/*.test.ts",
  ],
  extensionsToTreatAsEsm: [".ts"],
  testEnvironmentOptions: { customExportConditions: ["node", "node-addons"] },
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        jsc: { target: "es2024", parser: { syntax: "typescript" } },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
  reporters: ["default", "<rootDir>/test/support/reporter.mjs"],
  testTimeout: 30_000,
  // Many tests wait for processes and disks; with one worker on two processors half of the machine would idle.
  maxWorkers: 2,
};
