import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

let log: Logger | undefined;

/**
 * The structured log of a function. `POWERTOOLS_LOG_LEVEL` sets the least level. Made with its first line, which
 * tells that the connection's handshake is under way: making it then costs no time, making it earlier would.
 */
export function logger(): Logger {
  log ??= new Logger({ serviceName: "redigate" });
  return log;
}

/** What somebody should hear of: a line in the log, and a metric of the same name that an alarm can watch. */
const ALERTS = {
  RefreshTokenReuse: "a refresh token was presented again after its grace; its grant has ended",
};

export type Alert = keyof typeof ALERTS;

const UNITS = {
  Requests: MetricUnit.Count,
  Errors: MetricUnit.Count,
  ColdStart: MetricUnit.Count,
  RedisRoundTrip: MetricUnit.Milliseconds,
  RefreshTokenReuse: MetricUnit.Count,
};

/** The format takes no more values of one metric in a line. */
const MAX_VALUES = 100;

type Values = Partial<Record<keyof typeof UNITS, number | readonly number[]>>;
type Shape = ReturnType<Metrics["serializeMetrics"]>;

/** What the library makes of one operation and a set of metrics; filling it in costs a fifth of making it each time. */
const shapes = new Map<string, Shape>();
let cold = true;

/** What is measured of one request. */
export interface Measured {
  /** Tells the stages apart. */
  readonly functionName: string;
  readonly operation: string;
  readonly status: number;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** Milliseconds, one for each round trip to Redis. */
  readonly roundTripsMs: readonly number[];
  readonly alerts: readonly Alert[];
}

/** Writes the line of the log; `publishRequest` counts it. */
export function logAlert(alert: Alert, fields: Record<string, unknown>): void {
  logger().warn(ALERTS[alert], { alert, ...fields });
}

/** Tells, once in the life of a sandbox, that it has just started. */
export function takeColdStart(): boolean {
  const first = cold;
  cold = false;
  return first;
}

/**
 * Writes one line in CloudWatch's embedded metric format: requests, errors (5xx, where there is one), alerts, cold starts
 * and the time of each Redis round trip by function and operation, with the ids that lead to the request's log and trace.
 */
export function publishRequest(measured: Measured): void {
  const { functionName, operation, status, requestId, traceparent, roundTripsMs, alerts } = measured;
  const values: Values = { Requests: 1 };
  if (status >= 500) values.Errors = 1;
  if (takeColdStart()) values.ColdStart = 1;
  const [first] = roundTripsMs;
  if (first !== undefined)
    values.RedisRoundTrip = roundTripsMs.length > 1 ? roundTripsMs.slice(0, MAX_VALUES) : first;
  for (const alert of alerts) values[alert] = 1;
  const shape = shapeOf(functionName, operation, values);
  const _aws = { ...shape._aws, Timestamp: Date.now() };
  process.stdout.write(`${JSON.stringify({ ...shape, ...values, _aws, requestId, traceparent })}\n`);
}

function shapeOf(functionName: string, operation: string, values: Values): Shape {
  const names = Object.keys(values) as (keyof typeof UNITS)[];
  const id = `${functionName} ${operation} ${names}`;
  const known = shapes.get(id);
  if (known) return known;
  const metrics = new Metrics({ namespace: "redigate", serviceName: "redigate" });
  metrics.addDimensions({ function: functionName, operation });
  for (const name of names) metrics.addMetric(name, UNITS[name], 0);
  const shape = metrics.serializeMetrics();
  shapes.set(id, shape);
  return shape;
}
