import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

const ED25519 = Buffer.from("300506032b6570", "hex");
const IS_AUTHORITY = Buffer.from("300f0603551d130101ff040530030101ff", "hex");

/** A certificate and its key, both in PEM, valid for a day. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for `localhost` that vouches for itself. */
export function selfSigned(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const names = { issuer: "localhost", subject: "localhost" };
  const content = { ...names, publicKey, extensions: [alternativeName("localhost")] };
  return { cert: signed(content, privateKey), key: pem(privateKey) };
}

/** An authority of our own, as a company or a cloud provider has one. */
export interface Authority {
  /** What a client must trust. */
  readonly cert: string;
  /** A certificate for one name. */
  issue(host: string): Certificate;
}

export function createAuthority(): Authority {
  const name = "redigate test authority";
  const own = generateKeyPairSync("ed25519");
  const itself = { issuer: name, subject: name, publicKey: own.publicKey, extensions: [IS_AUTHORITY] };
  return {
    cert: signed(itself, own.privateKey),
    issue(host) {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519");
      const server = { issuer: name, subject: host, publicKey, extensions: [alternativeName(host)] };
      return { cert: signed(server, own.privateKey), key: pem(privateKey) };
    },
  };
}

interface Content {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280 section 4.1: what is signed, the algorithm, the signature. */
function signed(content: Content, issuerKey: KeyObject): string {
  const toBeSigned = tbsCertificate(content);
  const signature = der(0x03, Buffer.from([0]), sign(null, toBeSigned, issuerKey));
  const base64 = der(0x30, toBeSigned, ED25519, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Version 3, a serial number, names, times, the key and the extensions. */
function tbsCertificate({ issuer, subject, publicKey, extensions }: Content): Buffer {
  const time = (ms: number) =>
    der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, "")}Z`));
  const validity = der(0x30, time(Date.now() - 3_600_000), time(Date.now() + 86_400_000));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const key = publicKey.export({ type: "spki", format: "der" });
  const more = der(0xa3, der(0x30, ...extensions));
  return der(0x30, version, serial, ED25519, name(issuer), validity, name(subject), key, more);
}

function name(text: string): Buffer {
  const commonName = der(0x30, Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(text)));
  return der(0x30, der(0x31, commonName));
}

function alternativeName(host: string): Buffer {
  return der(0x30, Buffer.from("0603551d11", "hex"), der(0x04, der(0x30, der(0x82, Buffer.from(host)))));
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
