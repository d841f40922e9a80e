import { expect, test } from "vitest";
import { contracts } from "../../dev/contracts.ts";
import type { Contract, Operation } from "../../lib/http/contract.ts";
import { writesOf } from "./lost-replies.ts";

const REASONS = {
  idempotent: "naturally idempotent",
  "request id": "its script knows the request by an id",
} as const;

/** What the sandbox does when a reply was lost, and what a caller can do who got no answer. */
function row({ method, path, repetition, responses }: Operation): string {
  const isKeyed = responses[422]?.problems?.includes("idempotency_key_reused");
  const byCaller = isKeyed ? "with the same `Idempotency-Key`" : "as it is";
  return `| \`${method} ${path}\` | ${repetition ? REASONS[repetition] : "never retried"} | ${byCaller} |`;
}

test("every operation that writes says how it is safe to send it again", async () => {
  const rows = Object.values(contracts).flatMap((contract: Contract) =>
    writesOf(contract).map((name) => row(contract[name] as Operation)),
  );
  expect(rows.length).toBeGreaterThan(15);
  const lines = [
    "| operation | sent again by the function | sent again by the caller |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ];
  await expect(lines.join("\n")).toMatchFileSnapshot("./exactly-once.md");
});
