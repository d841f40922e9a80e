import { expect, test } from "vitest";
import { type Fault, withFault } from "./faults.ts";
import { soundTemplate } from "./sound-template.ts";
import { validateTemplate } from "./validate.ts";

const drawing = (...metrics: unknown[]) => JSON.stringify({ widgets: [{ properties: { metrics } }] });
const rate = "Resources/Rate/Properties";
const dashboard = "Resources/Dashboard/Properties/DashboardBody";

const FAULTS: readonly Fault[] = [
  ["Alarm.Properties: needs MetricName or", "Resources/Alarm/Properties/MetricName", undefined],
  ["Alarm.Properties: needs Statistic or", "Resources/Alarm/Properties/Statistic", undefined],
  ["Alarm.Properties: needs Statistic or", "Resources/Alarm/Properties/ExtendedStatistic", "p99"],
  ["Alarm.Properties: nobody hears of it", "Resources/Alarm/Properties/AlarmActions", []],
  ["Alarm.Properties: nobody hears of it", "Resources/Alarm/Properties/ActionsEnabled", false],
  ["whole minutes, not 45 s", "Resources/Alarm/Properties/Period", 45],
  ["whole minutes, not 90 s", `${rate}/Metrics/0/MetricStat/Period`, 90],
  ["DatapointsToAlarm exceeds", `${rate}/DatapointsToAlarm`, 6],
  ["must return the data of one", `${rate}/Metrics/0/ReturnData`, true],
  ["there is no metric m3 for 100 * m1 / m3", `${rate}/Metrics/2/Expression`, "100 * m1 / m3"],
  ["may have 10 metrics", `${rate}/Metrics`, Array(11).fill({ MetricStat: { Metric: {} } })],
  ["must be from 1 to 1440, not 0", `${rate}/EvaluationPeriods`, 0],
  ["GreaterThan", "Resources/Alarm/Properties/ComparisonOperator", "GreaterThan"],
  ["notbreaching", `${rate}/TreatMissingData`, "notbreaching"],
  ["no metric Eviction in AWS/ElastiCache", "Resources/Alarm/Properties/MetricName", "Eviction"],
  ["Evictions has no dimensions ClusterId", "Resources/Alarm/Properties/Dimensions/0/Name", "ClusterId"],
  ["Evictions has no dimensions at all", "Resources/Alarm/Properties/Dimensions", undefined],
  ["no metric 5XX in AWS/ApiGateway", `${rate}/Metrics/0/MetricStat/Metric/MetricName`, "5XX"],
  ["DashboardBody: is no JSON", `${dashboard}/Fn::Sub`, "{"],
  ["widgets.0: there is no metric Cpu in AWS/EC2", dashboard, drawing(["AWS/EC2", "Cpu", "InstanceId", "i"])],
  ["has no dimensions ImageID", dashboard, drawing(["AWS/EC2", "CPUUtilization", "ImageID", "i"])],
];

test.each(FAULTS)("%s", (problem, path, value) => {
  expect(validateTemplate(withFault(soundTemplate, path, value))).toContainEqual(
    expect.stringContaining(problem),
  );
});

test("a metric of the service's own is taken on trust", () => {
  expect(
    validateTemplate(withFault(soundTemplate, "Resources/Alarm/Properties/Namespace", "orders")),
  ).toEqual([]);
});
