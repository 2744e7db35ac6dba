import { InvalidArgumentError } from "@hearth/errors";
import type { PushRequest } from "@hearth/proto/push/v1";
import type { Distributor } from "../push/distributor.ts";
import { requestError } from "../push/push-outcome.ts";
import type { PushedItem } from "../push/pushed-item.ts";

/** `push.v1.PusherService/Push`: each profile of each series is stored by itself; the answer is empty. */
export async function push(
  request: PushRequest,
  tenant: string,
  distributor: Distributor,
  signal: AbortSignal,
): Promise<void> {
  const items = itemsOf(request);
  if (items.length === 0) throw new InvalidArgumentError("no profiles received");
  const outcomes = await distributor.push(tenant, items, signal);
  const error = requestError(outcomes, (index) =>
    items[index]!.id === "" ? `profile ${index}` : `profile ${index} (id ${items[index]!.id})`,
  );
  if (error) throw error;
}

function itemsOf({ series }: PushRequest): PushedItem[] {
  return series.flatMap(({ labels, samples }) => {
    const pairs = labels.map(({ name, value }) => ({ name, value }));
    return samples.map(({ rawProfile, ID }) => ({ labels: pairs, body: rawProfile, id: ID }));
  });
}
