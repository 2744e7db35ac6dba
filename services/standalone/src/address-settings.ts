import { defineSettings, setting } from "@hearth/config";

const FORMS =
  "host:port, several separated by commas, or dns:///host:port. Not used for a part that runs in this process.";

/** Where the parts that this process does not run are found. */
export const addressSettings = defineSettings("Addresses", {
  metastore: setting.string({
    flag: "metastore.address",
    default: "localhost:9095",
    doc: `Where the metastore listens: ${FORMS}`,
  }),
  segmentWriter: setting.string({
    flag: "segment-writer.address",
    default: "localhost:9095",
    doc: `Where segment writers listen: ${FORMS}`,
  }),
  queryBackend: setting.string({
    flag: "query-backend.address",
    default: "localhost:9095",
    doc: `Where query backends listen: ${FORMS}`,
  }),
});
