import { create, createFileRegistry, type DescMessage, type DescService } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as FieldLabel,
  FieldDescriptorProto_Type as FieldType,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { invariant } from "@hearth/errors";
import { ProfilesService } from "@hearth/proto/opentelemetry/proto/collector/profiles/v1development";

/**
 * The export service of OpenTelemetry with its requests left undecoded: their layout moved between releases without
 * a new name, so our own decoder must see the bytes. As fields of bytes the parts of a request read and write exactly
 * as the messages that they are.
 */

/** `ExportProfilesServiceRequest`, its parts not decoded. */
export interface RawExport {
  readonly resourceProfiles: readonly Uint8Array[];
  readonly dictionary: Uint8Array;
}

const NAME = "RawExport";
const PACKAGE = "hearth.distributor";

/** Schema of {@link RawExport}. */
export const rawExportSchema: DescMessage = describeRawExport();

/** `ProfilesService` whose `Export` takes a {@link RawExport}. */
export const rawProfilesService: DescService = describeService();

function describeRawExport(): DescMessage {
  const file = create(FileDescriptorProtoSchema, {
    name: "hearth/distributor/raw_export.proto",
    package: PACKAGE,
    syntax: "proto3",
    messageType: [
      {
        name: NAME,
        field: [
          {
            name: "resource_profiles",
            jsonName: "resourceProfiles",
            number: 1,
            type: FieldType.BYTES,
            label: FieldLabel.REPEATED,
          },
          {
            name: "dictionary",
            jsonName: "dictionary",
            number: 2,
            type: FieldType.BYTES,
            label: FieldLabel.OPTIONAL,
          },
        ],
      },
    ],
  });
  const schema = createFileRegistry(file, () => undefined).getMessage(`${PACKAGE}.${NAME}`);
  invariant(schema, "the descriptor has its message");
  return schema;
}

function describeService(): DescService {
  const exportMethod = { ...ProfilesService.method.export, input: rawExportSchema };
  return { ...ProfilesService, methods: [exportMethod], method: { export: exportMethod } };
}
