import { parseArgs } from "node:util";
import type { ServerAddress } from "./deletion-api.ts";

/** What the command is to do. */
export type DeleteTask =
  | {
      readonly type: "delete";
      readonly selector: string;
      /** Unix milliseconds; 0: from the beginning, or up to now. */
      readonly startMs: number;
      readonly endMs: number;
      readonly reason: string;
      readonly requestedBy: string;
      readonly isDryRun: boolean;
      readonly waits: boolean;
    }
  | { readonly type: "list" };

export type DeleteArguments =
  | { readonly type: "help" }
  | { readonly type: "wrong"; readonly problem: string }
  | { readonly type: "run"; readonly server: ServerAddress; readonly task: DeleteTask };

export const DELETE_HELP = `Usage of delete-profiles:
Has profiles of a tenant deleted. Queries do not see them any more as soon as the command answers; their bytes are gone
from the bucket some time later (docs/delete-profiles.md). It cannot be undone.

  npm run delete-profiles -- --selector '{service_name="shop", pod=~"web-.*"}' --start 2026-03-01T00:00:00Z \\
      --end 2026-03-02T00:00:00Z --reason "ticket 4711" [--dry-run] [--wait]
  npm run delete-profiles -- --selector '{}' --reason "the customer has left"       all of the tenant, up to now
  npm run delete-profiles -- --list                                                 what was asked for, by whom, how far it is

  --url URL            of a server, or of its query frontend (default http://localhost:4040)
  --tenant TENANT      sent as X-Scope-OrgID (default: none, for servers without multi-tenancy)
  --selector SELECTOR  which series; all matchers must hold. {} selects everything
  --start TIME         from, inclusive: RFC 3339, or Unix milliseconds (default: from the beginning)
  --end TIME           to, exclusive (default, and at most: now)
  --reason TEXT        kept for the audit
  --by NAME            who asks, kept for the audit (default: the name of this user)
  --dry-run            changes nothing, and says what would be touched
  --wait               waits until the bytes are gone, and says how far it is; Ctrl-C ends the waiting, not the deletion
  --list               lists deletions of the tenant, the newest first

Exit codes: 0 done, 1 not done, 2 bad arguments.
`;

/** @param user - whose name is noted when none is given. */
export function readDeleteArguments(argv: readonly string[], user: string): DeleteArguments {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        help: { type: "boolean", short: "h", default: false },
        url: { type: "string", default: "http://localhost:4040" },
        tenant: { type: "string", default: "" },
        selector: { type: "string" },
        start: { type: "string", default: "0" },
        end: { type: "string", default: "0" },
        reason: { type: "string", default: "" },
        by: { type: "string", default: user },
        "dry-run": { type: "boolean", default: false },
        wait: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    return wrong((error as Error).message);
  }
  if (values.help) return { type: "help" };
  if (!URL.canParse(values.url)) return wrong(`--url is no URL: ${values.url}`);
  const server = { url: values.url, tenant: values.tenant };
  if (values.list) return { type: "run", server, task: { type: "list" } };
  if (values.selector === undefined) return wrong("--selector is required; {} selects everything");
  if (values.reason === "" && !values["dry-run"])
    return wrong("--reason is required: it is kept for the audit");
  const startMs = timeOf(values.start);
  const endMs = timeOf(values.end);
  if (startMs === undefined)
    return wrong(`--start is neither RFC 3339 nor Unix milliseconds: ${values.start}`);
  if (endMs === undefined) return wrong(`--end is neither RFC 3339 nor Unix milliseconds: ${values.end}`);
  const { selector, reason, by: requestedBy, "dry-run": isDryRun, wait: waits } = values;
  const range = { selector, startMs, endMs };
  return { type: "run", server, task: { type: "delete", ...range, reason, requestedBy, isDryRun, waits } };
}

function wrong(problem: string): DeleteArguments {
  return { type: "wrong", problem: `${problem}; --help says more` };
}

function timeOf(text: string): number | undefined {
  if (/^\d+$/u.test(text)) return Number(text);
  if (!/^\d{4}-\d{2}-\d{2}T/u.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
