import { defineSettings, setting } from "../setting.ts";

const PREFIX = /^[\w./-]*$/u;

export const storageSettings = defineSettings(
  "Storage",
  {
    backend: setting.choice({
      flag: "storage.backend",
      oneOf: ["filesystem"],
      default: "filesystem",
      common: true,
      doc: "Where profiles are kept: filesystem.",
    }),
    filesystemDir: setting.string({
      flag: "storage.filesystem.dir",
      default: "./data/v2/shared",
      common: true,
      doc: "Directory of the filesystem backend. Several processes share their data by sharing it.",
    }),
    prefix: setting.string({
      flag: "storage.prefix",
      default: "",
      common: true,
      doc: "Put in front of the name of every object: letters, digits, and the characters _ - . /",
    }),
  },
  ({ filesystemDir, prefix }) => [
    ...(filesystemDir === "" ? ["-storage.filesystem.dir must not be empty"] : []),
    ...(PREFIX.test(prefix) && !prefix.split("/").includes("..")
      ? []
      : ["-storage.prefix must consist of letters, digits, and the characters _ - . /"]),
  ],
);
