import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "./certificate.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

/** What the functions need, and nothing else; a feature that needs more has to say so here. */
const FUNCTION_RULES =
  "~* resetchannels -@all +@connection +@string +@hash +@sortedset +@hyperloglog +@keyspace +eval +evalsha +time +wait -@dangerous -scan";

const PASSWORDS = { operator: "everything & more", functions: "only what is needed: @&/?%" };

export interface RunningTlsRedis extends RunningRedis {
  /** For a user who may do everything. */
  readonly url: string;
  /** For a user who may do what the functions do. */
  readonly functionsUrl: string;
  /** The authority that a client must trust, in PEM. */
  readonly ca: string;
}

/** Starts a server that speaks TLS alone, with a certificate for `localhost`, and knows nobody without a name. */
export async function startTls(): Promise<RunningTlsRedis> {
  const dir = await mkdtemp(join(tmpdir(), "redigate-tls-"));
  const remove = () => rm(dir, { recursive: true, force: true });
  try {
    const authority = createAuthority();
    const { cert, key } = authority.issue("localhost");
    const tls = { ca: join(dir, "ca.pem"), cert: join(dir, "cert.pem"), key: join(dir, "key.pem") };
    const contents = { ca: authority.cert, cert, key };
    for (const name of ["ca", "cert", "key"] as const)
      await writeFile(tls[name], contents[name], { mode: 0o600 });
    const redis = await startRedis({
      tls,
      username: "operator",
      password: PASSWORDS.operator,
      config: [`user functions on ${JSON.stringify(`>${PASSWORDS.functions}`)} ${FUNCTION_RULES}`],
    });
    const access = `functions:${encodeURIComponent(PASSWORDS.functions)}`;
    return {
      ...redis,
      functionsUrl: `rediss://${access}@localhost:${redis.port}`,
      ca: authority.cert,
      async stop() {
        await redis.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
