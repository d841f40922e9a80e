import { createHash, createHmac } from "node:crypto";
import { buildQueryString, HttpRequest } from "@smithy/core/protocols";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Keys } from "./keys.ts";

/** A GET of `/` that whoever holds it may make for some time. */
export interface Presigned {
  readonly service: string;
  readonly region: string;
  readonly host: string;
  readonly query: Readonly<Record<string, string>>;
  readonly issuedAtMs: number;
  readonly lifeSeconds: number;
}

/** The URL without its scheme, signed (SigV4) with the AWS SDK's own signer. Import it only when it is used. */
export async function presign(
  { service, region, host, query, issuedAtMs, lifeSeconds }: Presigned,
  keys: Keys,
): Promise<string> {
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const request = new HttpRequest({
    method: "GET",
    protocol: "http:",
    hostname: host,
    path: "/",
    headers: { host },
    query: { ...query },
  });
  const signed = await signer.presign(request, { expiresIn: lifeSeconds, signingDate: new Date(issuedAtMs) });
  return `${host}/?${buildQueryString(signed.query ?? {})}`;
}

/** Node's own digest as the signer calls it; the SDK's carries one in JavaScript too. */
class Sha256 {
  private readonly digester;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.digester =
      key === undefined ? createHash("sha256") : createHmac("sha256", key as string | Uint8Array);
  }

  update(data: Uint8Array): void {
    this.digester.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.digester.digest();
  }

  reset(): void {
    throw new Error("A digest is used once");
  }
}
