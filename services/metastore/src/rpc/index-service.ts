import { create } from "@bufbuild/protobuf";
import { blockMetaToWire } from "@hearth/block";
import { InvalidArgumentError } from "@hearth/errors";
import {
  AddBlocksResponseSchema,
  GetBlocksResponseSchema,
  IndexService,
  type AddBlocksRequest,
  type AddBlocksResponse,
  type GetBlocksRequest,
  type GetBlocksResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import type { BlockRegistry } from "../block-registry.ts";
import { MAX_COMMAND_BYTES } from "../index-state/command-codec.ts";
import type { StateReader } from "./state-reader.ts";

/** Ids in one look-up. */
const MAX_IDS = 10_000;
/** A request is a command without its envelope. */
const READ_MAX_BYTES = MAX_COMMAND_BYTES + 1024;

/** `IndexService`: registering blocks, and looking them up by id. */
export function indexService(deps: { registry: BlockRegistry; reader: StateReader }): ServiceRegistration {
  return implement(
    IndexService,
    {
      addBlocks: (request, context) => addBlocks(deps.registry, request, context.signal),
      getBlocks: (request, context) => getBlocks(deps.reader, request, context.signal),
    },
    { readMaxBytes: READ_MAX_BYTES },
  );
}

async function addBlocks(
  registry: BlockRegistry,
  request: AddBlocksRequest,
  signal: AbortSignal,
): Promise<AddBlocksResponse> {
  const refusals = await registry.register(request.blocks, request, signal);
  return create(AddBlocksResponseSchema, { refusals: [...refusals] });
}

async function getBlocks(
  reader: StateReader,
  request: GetBlocksRequest,
  signal: AbortSignal,
): Promise<GetBlocksResponse> {
  if (request.ids.length > MAX_IDS) {
    throw new InvalidArgumentError(`too many ids: count=${request.ids.length} limit=${MAX_IDS}`);
  }
  return reader.read(signal, (state) => {
    const blocks = [...new Set(request.ids)].flatMap((id) => state.index.get(id) ?? []);
    return create(GetBlocksResponseSchema, { blocks: blocks.map(blockMetaToWire) });
  });
}
