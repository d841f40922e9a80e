import { contracts } from "../../dev/contracts.ts";
import { isRecord, resourcesOf, type Template } from "./validator/template.ts";

/** Where an operation ends up, and who looks at its token. */
export interface Way {
  readonly operation: string;
  /** The logical id of the function; undefined where API Gateway answers 404 itself. */
  readonly leadsTo: string | undefined;
  readonly passesAuthorizer: boolean;
}

/** Where every operation of the contracts must end up: what is not public passes the authorizer, if there is one. */
export function waysWanted(hasAuthorizer: boolean): Way[] {
  return operations().map(({ feature, operation, access }) => ({
    operation,
    leadsTo: `${feature.charAt(0).toUpperCase()}${feature.slice(1)}LambdaFunction`,
    passesAuthorizer: hasAuthorizer && access !== "public",
  }));
}

/** Where API Gateway leads every operation. */
export function waysIn(template: Template): Way[] {
  return waysOf(template);
}

/** Where API Gateway leads what a browser asks before each operation, which never has a token. */
export function preflightsIn(template: Template): Way[] {
  return waysOf(template, (operation) => operation.replace(/^\w+/, "OPTIONS"));
}

function waysOf(template: Template, asked = (operation: string) => operation): Way[] {
  return operations().map(({ operation }) => ({ operation, ...wayOf(template, asked(operation)) }));
}

/** What a request goes through that no operation is meant by. */
export function wayOfStrangers(template: Template): Omit<Way, "operation"> {
  return wayOf(template, "GET /v2/nothing");
}

function operations() {
  return Object.entries(contracts).flatMap(([feature, contract]) =>
    Object.values(contract).map(({ method, path, access }) => ({
      feature,
      access,
      operation: `${method} ${path.replace(/\{\w+\+\}/g, "some/thing").replace(/\{\w+\}/g, "thing")}`,
    })),
  );
}

function wayOf(template: Template, operation: string): Omit<Way, "operation"> {
  const routes = resourcesOf(template, "AWS::ApiGatewayV2::Route").map(({ properties }) => properties);
  // A whole path goes before a greedy one, a method before `ANY`, and `$default` takes what is left.
  const [route] = routes
    .filter(({ RouteKey }) => matches(String(RouteKey), operation))
    .sort((one, other) => greed(one) - greed(other));
  const integration = JSON.stringify(route?.Target ?? "").match(/HttpApiIntegration\w+/)?.[0] ?? "";
  const uri = template.Resources[integration]?.Properties?.IntegrationUri;
  const [leadsTo] = isRecord(uri) ? (uri["Fn::GetAtt"] as string[]) : [];
  const authorizer = isRecord(route?.AuthorizerId) && String(route.AuthorizerId.Ref);
  const isThere = authorizer && template.Resources[authorizer]?.Type === "AWS::ApiGatewayV2::Authorizer";
  return { leadsTo, passesAuthorizer: Boolean(isThere) && route?.AuthorizationType === "JWT" };
}

const greed = ({ RouteKey }: { readonly RouteKey?: unknown }) =>
  RouteKey === "$default"
    ? 4
    : 2 * Number(/\+\}$/.test(String(RouteKey))) + Number(String(RouteKey).startsWith("ANY "));

function matches(routeKey: string, operation: string): boolean {
  if (routeKey === "$default") return true;
  const [method = "", path = ""] = routeKey.split(" ");
  const [askedMethod, askedPath = ""] = operation.split(" ");
  if (method !== "ANY" && method !== askedMethod) return false;
  const words = path.split(/(\{\w+\+?\})/).map((word) => {
    if (/\+\}$/.test(word)) return ".+";
    return word.startsWith("{") ? "[^/]+" : word.replace(/[.$]/g, "\\$&");
  });
  return new RegExp(`^${words.join("")}$`).test(askedPath);
}
