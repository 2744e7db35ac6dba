import { setting } from "@hearth/config";

/** How orphans are found and removed. */
export const orphanFields = {
  orphanSweepIntervalMs: setting.durationMs({
    flag: "metastore.index.orphan-sweep-interval",
    default: "6h",
    doc: "How often the leader lists the bucket, to find objects of blocks that neither the index nor a dead letter knows. 0: never, and nothing is removed.",
  }),
  orphanGraceMs: setting.durationMs({
    flag: "metastore.index.orphan-grace-period",
    default: "24h",
    min: "1s",
    doc: "Such an object is deleted when sweeps have found it for so long. Far longer than any push may take: what is registered later is refused.",
  }),
  orphanMaxShare: setting.float({
    flag: "metastore.index.orphan-max-share",
    default: 0.1,
    min: 0,
    max: 1,
    doc: "A sweep that finds more than 100 objects unknown, and more than this share of all, notes nothing and says so: the index may have lost them, and rebuild-index finds them again.",
  }),
  orphanIncludesOld: setting.bool({
    flag: "metastore.index.orphan-include-old",
    default: false,
    doc: "Whether unknown objects go too that are older than the index. Only to be set, for as long as it takes, after a rebuild-index that ended with exit code 0 and found nothing doubtful: they are what it left out.",
  }),
};
