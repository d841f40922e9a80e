import { pathToFileURL } from "node:url";
import { bareClient, compare, type Job, type Rounds } from "./compare.ts";
import { call, eventFor, loadHandler, mintToken } from "./function.ts";
import { memberOf, random } from "./leaderboards-fill.ts";
import { report } from "./sandbox.ts";

/** More than a comparison makes, so that the events are ready and no submission comes twice. */
const CALLS = 6000;
const PER_BLOCK = 100;
/** The compiler takes longer than a round of a comparison to finish with all that a submission needs. */
const WARM_UP = 2000;

type Library = typeof import("../../lib/leaderboards/leaderboards.ts") &
  typeof import("../../lib/leaderboards/scripts.ts") &
  typeof import("../../lib/redis/connect.ts") &
  typeof import("../../lib/config.ts");

const { TENANT = "", PLAIN = "", LIBRARY = "" } = process.env;
const library: Library = await import(pathToFileURL(LIBRARY).href);
const config = library.readConfig();
const connection = library.connect(config, {
  log: () => ({ info() {}, warn() {} }),
  scripts: library.leaderboardScripts,
});
const leaderboards = library.createLeaderboards(connection, config.leaderboards);
const token = await mintToken(TENANT);
const handler = await loadHandler();
const redis = await bareClient();
const members = await redis.zcard(PLAIN);
const someone = () => memberOf(random(members));

function inTurn(makeEvent: () => object): Job {
  const events = Array.from({ length: CALLS }, makeEvent);
  let next = 0;
  return () => call(handler, events[next++ % CALLS] ?? {}, 200);
}

const submit = (board: string) => () =>
  leaderboards.submit(TENANT, board, [{ member: someone(), score: random(members) }]);

const member = () => leaderboards.around(TENANT, "first", { member: someone(), around: 0 });

const page = () => leaderboards.page(TENANT, "first", { limit: 100, offset: 0 });

/** The same through the function. */
const submitOverHttp = inTurn(() => {
  const body = JSON.stringify({ entries: [{ member: someone(), score: random(members) }] });
  const headers = { "content-type": "application/json" };
  return eventFor("POST", "/v1/leaderboards/first/scores", { body, headers, token });
});
const memberOverHttp = inTurn(() =>
  eventFor("GET", `/v1/leaderboards/first/members/${someone()}`, { token }),
);
const pageOverHttp = inTurn(() =>
  eventFor("GET", "/v1/leaderboards/first/ranks", { query: { limit: "100" }, token }),
);

async function byHand(): Promise<void> {
  const member = someone();
  await redis
    .pipeline()
    .zadd(PLAIN, random(members), member)
    .zrevrank(PLAIN, member)
    .zscore(PLAIN, member)
    .exec();
}

async function readByHand(): Promise<void> {
  const member = someone();
  await redis.pipeline().zrevrank(PLAIN, member).zscore(PLAIN, member).exec();
}

const topByHand = () => redis.zrevrange(PLAIN, 0, 99, "WITHSCORES");

const comparisons: readonly (readonly [name: string, subject: Job, baseline: Job])[] = [
  ["submit : ZADD, ZREVRANK, ZSCORE in one pipeline", submit("first"), byHand],
  ["member with rank : ZADD, ZREVRANK, ZSCORE in one pipeline", member, byHand],
  ["top 100 : ZREVRANGE WITHSCORES", page, topByHand],
  ["submit, ties by member : ZADD, ZREVRANK, ZSCORE in one pipeline", submit("member"), byHand],
  ["member with rank : ZREVRANK, ZSCORE in one pipeline", member, readByHand],
  ["submit through the handler : ZADD, ZREVRANK, ZSCORE in one pipeline", submitOverHttp, byHand],
  ["member with rank through the handler : ZADD, ZREVRANK, ZSCORE in one pipeline", memberOverHttp, byHand],
  ["top 100 through the handler : ZREVRANGE WITHSCORES", pageOverHttp, topByHand],
];

for (const [, subject, baseline] of comparisons)
  for (let turn = 0; turn < WARM_UP; turn++) await Promise.all([subject(), baseline()]);

const rounds: Record<string, Rounds[string]> = {};
for (const [name, subject, baseline] of comparisons)
  rounds[name] = await compare(subject, baseline, PER_BLOCK);
report(rounds);
