import { readFile } from "node:fs/promises";
import { FailedPreconditionError } from "@hearth/errors";
import type { ClientTls } from "@hearth/rpc";

/** Mutual TLS between nodes: each side shows a certificate, and takes only those that one authority signed. */
export interface TlsPaths {
  /** PEM: the authorities whose certificates are taken, and no others. */
  readonly caPath: string;
  /** PEM: the certificate of this node, for clients and servers, with the name under which peers reach it. */
  readonly certPath: string;
  /** PEM: its private key, not encrypted. */
  readonly keyPath: string;
}

/** For a listener: options of `tls.createServer` and what is made with it. */
export interface ServerTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly requestCert: true;
  readonly rejectUnauthorized: true;
  readonly minVersion: "TLSv1.3";
  /** Streams of messages come over the first, snapshots over the second. */
  readonly ALPNProtocols: string[];
}

/** @throws {FailedPreconditionError} naming the file that cannot be read. */
export async function readTlsFiles({ caPath, certPath, keyPath }: TlsPaths): Promise<ClientTls> {
  const [ca, cert, key] = await Promise.all([caPath, certPath, keyPath].map(readPem));
  return { ca: ca!, cert: cert!, key: key! };
}

/** What a listener needs so that only nodes with a certificate of the same authority can speak to it. */
export function serverTls(files: ClientTls): ServerTls {
  const [ca, cert, key] = [files.ca, files.cert, files.key].map((pem) => Buffer.from(pem));
  return {
    ca: ca!,
    cert: cert!,
    key: key!,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
    ALPNProtocols: ["h2", "http/1.1"],
  };
}

async function readPem(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new FailedPreconditionError(`cannot read a file for TLS between nodes: path=${path}`, {
      cause: error,
    });
  }
}
