import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { afterAll, describe, expect, test } from "vitest";

const stateDir = mkdtempSync(join(tmpdir(), "redigate-token-"));
const runner = join(import.meta.dirname, "../../dev/run.js");

afterAll(() => rmSync(stateDir, { recursive: true }));

function token(...words: string[]) {
  const env = { ...process.env, REDIGATE_STATE_DIR: stateDir, INIT_CWD: stateDir };
  return spawnSync(process.execPath, [runner, "token", ...words], { env, encoding: "utf8" });
}

function publicHalf(file: string) {
  const { kty, crv, x, kid } = JSON.parse(readFileSync(join(stateDir, file), "utf8"));
  return { kty, crv, x, kid };
}

describe("a token", () => {
  test("carries tenant, scope and life, and verifies with the development key", async () => {
    const { stdout, stderr, status } = token(
      "--tenant",
      "acme",
      "--scope",
      "cache:* sessions:read",
      "--days",
      "2",
    );
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const key = publicHalf("development-key.json");
    const { payload, protectedHeader } = await jwtVerify(stdout.trim(), await importJWK(key, "EdDSA"));
    expect(protectedHeader).toEqual({ alg: "EdDSA", kid: key.kid });
    expect(payload).toMatchObject({ tenant: "acme", scope: "cache:* sessions:read" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(2 * 86_400);
  });

  test("is signed with the same key every time, which only its owner can read", () => {
    const ids = [1, 2].map(() => decodeProtectedHeader(token("--tenant", "a", "--scope", "*").stdout).kid);
    expect(ids[0]).toBe(ids[1]);
    expect(statSync(join(stateDir, "development-key.json")).mode & 0o777).toBe(0o600);
  });

  test("can be minted with a new key of one's own", async () => {
    const made = token("--new-key", "own.json");
    const published = JSON.parse(made.stdout);
    expect(published).toEqual({ ...publicHalf("own.json"), alg: "EdDSA", use: "sig" });
    expect(statSync(join(stateDir, "own.json")).mode & 0o777).toBe(0o600);
    const { stdout } = token("--tenant", "a", "--scope", "*", "--key", "own.json");
    await jwtVerify(stdout.trim(), await importJWK(published, "EdDSA"));
    const again = token("--new-key", "own.json");
    expect(again.status).toBe(2);
    expect(again.stderr).toContain("exists already");
  });

  test("can be minted with a PKCS#8 PEM key", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    writeFileSync(join(stateDir, "key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const { stdout } = token("--tenant", "a", "--scope", "*", "--key", "key.pem");
    await jwtVerify(stdout.trim(), publicKey);
  });
});

describe("nothing but a usage message comes of", () => {
  const ok = ["--tenant", "a", "--scope", "*"];
  writeFileSync(join(stateDir, "public.json"), '{"kty":"OKP","crv":"Ed25519","x":"abc"}');
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(join(stateDir, "p256.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));

  test.each([
    ["no tenant", ["--scope", "*"], "--tenant must be"],
    ["a tenant that could reach into a key", ["--tenant", "a:b", "--scope", "*"], "--tenant must be"],
    ["a tenant of 65 letters", ["--tenant", "a".repeat(65), "--scope", "*"], "--tenant must be"],
    ["no scope", ["--tenant", "a"], "--scope must be"],
    ["an empty scope", ["--tenant", "a", "--scope", " "], "--scope must be"],
    ["an unknown scope word", ["--tenant", "a", "--scope", "cache:delete"], "--scope must be"],
    ["zero days", [...ok, "--days", "0"], "--days must be"],
    ["half days", [...ok, "--days", "1.5"], "--days must be"],
    ["more than ten years", [...ok, "--days", "3651"], "--days must be"],
    ["negative days", [...ok, "--days=-1"], "--days must be"],
    ["a misspelt option", [...ok, "--tenent", "b"], "Unknown option"],
    ["a word too many", [...ok, "more"], "Unexpected argument"],
    ["a key file that is not there", [...ok, "--key", "missing.json"], "cannot be read"],
    ["a key without its private half", [...ok, "--key", "public.json"], "must hold a private Ed25519 key"],
    ["a key of another kind", [...ok, "--key", "p256.pem"], "must hold a private Ed25519 key"],
  ])("%s", (_, words, message) => {
    const { stdout, stderr, status } = token(...words);
    expect({ stdout, status }).toEqual({ stdout: "", status: 2 });
    expect(stderr).toContain(message);
    expect(stderr).toContain("Usage: npm run -s token");
    expect(stderr).not.toContain("    at ");
  });
});
