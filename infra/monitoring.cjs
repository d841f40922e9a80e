const { watchedIn } = require("./alarms.cjs");

/** A name that stands for what CloudFormation makes is a reference. */
const dimensionOf = (text) => {
  const [, name] = /^\$\{(\w+)\}$/.exec(text) ?? [];
  return name ? { Ref: name } : text;
};

const metricOf = (metric, [Namespace, dimensions]) => ({
  Namespace,
  MetricName: metric,
  Dimensions: Object.entries(dimensions).map(([Name, text]) => ({ Name, Value: dimensionOf(text) })),
});

/** One metric is taken as it is; of several the largest counts, or their sum; and one may be a share of another. */
function measureOf({ metric, stat, every, combine, percentOf, sources }) {
  const Period = every * 60;
  const [only, ...others] = sources;
  if (others.length === 0 && !percentOf) {
    const statistic = stat.startsWith("p") ? { ExtendedStatistic: stat } : { Statistic: stat };
    return { ...metricOf(metric, only), ...statistic, Period };
  }
  const wanted = percentOf
    ? [metric, percentOf].map((name) => metricOf(name, only))
    : sources.map((one) => metricOf(metric, one));
  const metrics = wanted.map((Metric, index) => ({
    Id: `m${index + 1}`,
    MetricStat: { Metric, Period, Stat: stat },
    ReturnData: false,
  }));
  const Expression = percentOf ? "100 * m1 / m2" : `${combine}(METRICS())`;
  return { Metrics: [...metrics, { Id: "all", Expression, Label: metric }] };
}

function alarmOf(watched, name) {
  const EvaluationPeriods = watched.minutes / watched.every;
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmName: `${name}-${watched.id}`,
      ...measureOf(watched),
      ComparisonOperator: "GreaterThanThreshold",
      Threshold: watched.above,
      EvaluationPeriods,
      // Two minutes in five are no accident; where one counts, it counts at once. What is missing may only be late.
      DatapointsToAlarm:
        watched.missing === "breaching" ? EvaluationPeriods : Math.ceil(EvaluationPeriods / 3),
      // Who says nothing has nothing to say, mostly: nobody called, nothing was evicted.
      TreatMissingData: watched.missing,
      AlarmActions: [{ Ref: "AlarmTopic" }],
      OKActions: [{ Ref: "AlarmTopic" }],
    },
  };
}

const WIDTH = 8;
const HEIGHT = 6;

/** What is drawn: every source for itself, or the share. */
function linesOf({ metric, stat, every, percentOf, sources }) {
  const line = (name, [namespace, dimensions], more) => [
    namespace,
    name,
    ...Object.entries(dimensions).flat(),
    { stat, period: every * 60, ...more },
  ];
  if (!percentOf) return sources.map((source) => line(metric, source));
  const parts = [metric, percentOf].map((name, index) =>
    line(name, sources[0], { id: `m${index + 1}`, visible: false }),
  );
  return [[{ expression: "100 * m1 / m2", label: `${metric} in a hundred`, id: "all" }], ...parts];
}

function widgetOf(watched, index) {
  return {
    type: "metric",
    x: (index % 3) * WIDTH,
    y: Math.floor(index / 3) * HEIGHT,
    width: WIDTH,
    height: HEIGHT,
    properties: {
      title: watched.id,
      region: `\${AWS::Region}`,
      metrics: linesOf(watched),
      annotations: { horizontal: [{ label: "alarm", value: watched.above }] },
    },
  };
}

/** An alarm and a graph for everything on the list. */
exports.resources = async ({ resolveVariable }) => {
  const [stack, name] = await Promise.all([
    resolveVariable("self:custom.stack"),
    resolveVariable("self:custom.name"),
  ]);
  const watched = watchedIn({ stack, name });
  const alarms = watched.map((one) => [`${one.id}Alarm`, alarmOf(one, name)]);
  const body = JSON.stringify({ widgets: watched.map(widgetOf) });
  const email = stack.alarmEmail && { Subscription: [{ Protocol: "email", Endpoint: stack.alarmEmail }] };
  return {
    Resources: {
      // Alarms say names and numbers, which need no key of their own (and CloudWatch may not use that of SNS).
      AlarmTopic: { Type: "AWS::SNS::Topic", Properties: { TopicName: `${name}-alarms`, ...email } },
      ...Object.fromEntries(alarms),
      Dashboard: {
        Type: "AWS::CloudWatch::Dashboard",
        Properties: { DashboardName: name, DashboardBody: { "Fn::Sub": body } },
      },
    },
    Outputs: { AlarmTopicArn: { Value: { Ref: "AlarmTopic" } } },
  };
};
