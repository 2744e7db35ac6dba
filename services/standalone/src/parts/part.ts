import type { ServiceRegistration } from "@hearth/rpc";
import type { ReadinessCheck, Routes } from "@hearth/server";

/** What a part adds to its process. */
export interface Part {
  /** For clients. */
  readonly publicServices: readonly ServiceRegistration[];
  readonly routes: readonly Routes[];
  readonly checks: readonly ReadinessCheck[];
}

/** A part that only other parts call. */
export function internalPart(checks: readonly ReadinessCheck[] = []): Part {
  return { publicServices: [], routes: [], checks };
}
