import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

const ED25519 = Buffer.from("300506032b6570", "hex");

/** A self-signed certificate for `localhost`, valid for a day, and its key, both in PEM. */
export function selfSigned(): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const toBeSigned = tbsCertificate(publicKey);
  const signature = der(0x03, Buffer.from([0]), sign(null, toBeSigned, privateKey));
  const base64 = der(0x30, toBeSigned, ED25519, signature).toString("base64");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** RFC 5280 section 4.1: version 3, a serial number, names, times, the key, and the host as alternative name. */
function tbsCertificate(publicKey: KeyObject): Buffer {
  const commonName = der(0x30, Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from("localhost")));
  const name = der(0x30, der(0x31, commonName));
  const time = (ms: number) =>
    der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, "")}Z`));
  const validity = der(0x30, time(Date.now() - 3_600_000), time(Date.now() + 86_400_000));
  const alternativeNames = der(0x04, der(0x30, der(0x82, Buffer.from("localhost"))));
  const extensions = der(0xa3, der(0x30, der(0x30, Buffer.from("0603551d11", "hex"), alternativeNames)));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.from([1]));
  const key = publicKey.export({ type: "spki", format: "der" });
  return der(0x30, version, serial, ED25519, name, validity, name, key, extensions);
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
