import { resourcesNamedIn } from "../validator/references.ts";
import { isRecord, type Problems, resourcesOf, type Template } from "../validator/template.ts";

/** An API that nobody can look into afterwards, or that takes any number of requests. */
export function* checkApi(template: Template): Problems {
  for (const { id, properties } of resourcesOf(template, "AWS::ApiGatewayV2::Stage")) {
    const { AccessLogSettings, DefaultRouteSettings } = properties;
    const limits = isRecord(DefaultRouteSettings) ? DefaultRouteSettings : {};
    if (!isRecord(AccessLogSettings) || resourcesNamedIn(AccessLogSettings, template).length === 0)
      yield `${id}: has no access log`;
    if (!limits.ThrottlingRateLimit || !limits.ThrottlingBurstLimit) yield `${id}: has no throttling`;
  }
  for (const { id, properties } of resourcesOf(template, "AWS::Lambda::Function"))
    if (!isRecord(properties.TracingConfig) || properties.TracingConfig.Mode !== "Active")
      yield `${id}: has no traces`;
}
