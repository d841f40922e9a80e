import { afterEach, expect, test, vi } from "vitest";
import { publishMeasurements } from "../../lib/http/measurements.ts";
import { captureOutput } from "./captured.ts";

afterEach(() => void vi.restoreAllMocks());

test("what is no number is left out: CloudWatch would refuse the whole line", () => {
  const output = captureOutput();
  const measurements = {
    MemoryUsed: Number.NaN,
    MemoryFullIn: Number.POSITIVE_INFINITY,
    ReplicationLag: undefined,
    Connections: 0,
    Failures: 1,
  };
  publishMeasurements("redigate-prod-sentry", measurements);
  const [line, ...others] = output.metrics();
  expect(others).toEqual([]);
  expect(line?._aws.CloudWatchMetrics[0]?.Metrics).toEqual([
    { Name: "Connections", Unit: "Count" },
    { Name: "Failures", Unit: "Count" },
  ]);
  expect(line).toMatchObject({ Connections: 0, Failures: 1 });
  for (const name of ["MemoryUsed", "MemoryFullIn", "ReplicationLag"]) expect(line).not.toHaveProperty(name);
});
