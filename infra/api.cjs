const requestHeaders = require("../lib/http/request-headers.json");
const { functions, idOf } = require("./functions.cjs");

/** Everybody may call this, and `*`, which says of an unknown path that it is one. */
const OPEN = ["/v1/health"];

const read = ({ resolveVariable }) => resolveVariable("self:custom.stack");

/** A part of a path as `sls package` writes it in the name of a route. */
const inWords = (part) => {
  const words = part
    .toLowerCase()
    .replace(/-/g, "Dash")
    .replace(/\{(.*)\}/g, "$1Var")
    .replace(/[^0-9A-Za-z]/g, "");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const routeId = ({ method, path }) =>
  `HttpApiRoute${[method === "*" ? "any" : method, ...path.split("/")].map(inWords).join("")}`;

async function closedRoutes({ resolveVariable }) {
  const blocks = await Promise.all(
    functions.map(async (name) => {
      const events = await resolveVariable(`file(functions/${name}/function.yml):${name}.events`);
      return events.flatMap(({ httpApi }) => (httpApi?.path ? [{ ...httpApi, name }] : []));
    }),
  );
  return blocks.flat().filter(({ path }) => !OPEN.includes(path));
}

/** API Gateway's own authorizer, where an issuer is given; otherwise the functions verify the tokens. */
exports.authorizers = async (variables) => {
  const { jwtIssuer, jwtAudience } = await read(variables);
  if (!jwtIssuer) return {};
  return {
    jwt: {
      type: "jwt",
      identitySource: "$request.header.Authorization",
      issuerUrl: jwtIssuer,
      audience: jwtAudience.split(","),
    },
  };
};

/** Who verifies the tokens, as the functions are told. */
exports.settings = async (variables) => {
  const { jwtIssuer } = await read(variables);
  return { AUTH_MODE: jwtIssuer ? "authorizer" : process.env.AUTH_MODE || "" };
};

/** What pages may read of answers, those of the authorizer too, is then for API Gateway to say. */
function corsOf(origins) {
  return {
    CorsConfiguration: {
      AllowOrigins: origins.split(",").map((origin) => origin.trim()),
      AllowMethods: ["*"],
      AllowHeaders: requestHeaders,
      ExposeHeaders: ["*"],
      MaxAge: 3600,
    },
  };
}

/** A preflight has no token, and the authorizer of `ANY` would refuse it: so it has a route of its own, past it. */
function preflightOf({ name, path }) {
  const integration = `HttpApiIntegration${idOf(name, "")}`;
  return {
    Type: "AWS::ApiGatewayV2::Route",
    DependsOn: integration,
    Properties: {
      ApiId: { Ref: "HttpApi" },
      RouteKey: `OPTIONS ${path}`,
      Target: { "Fn::Join": ["/", ["integrations", { Ref: integration }]] },
    },
  };
}

function domainOf({ domainName, certificateArn }) {
  const DomainNameConfigurations = [
    { CertificateArn: certificateArn, EndpointType: "REGIONAL", SecurityPolicy: "TLS_1_2" },
  ];
  return {
    Resources: {
      ApiDomain: {
        Type: "AWS::ApiGatewayV2::DomainName",
        Properties: { DomainName: domainName, DomainNameConfigurations },
      },
      ApiDomainMapping: {
        Type: "AWS::ApiGatewayV2::ApiMapping",
        Properties: {
          ApiId: { Ref: "HttpApi" },
          DomainName: { Ref: "ApiDomain" },
          Stage: { Ref: "HttpApiStage" },
        },
      },
    },
    // The name in your DNS has to be an alias of this one.
    Outputs: { ApiDomainTarget: { Value: { "Fn::GetAtt": ["ApiDomain", "RegionalDomainName"] } } },
  };
}

/** Throttling, the domain, and the authorizer on every route that serves data. */
exports.resources = async (variables) => {
  const stack = await read(variables);
  const { jwtIssuer, domainName, throttleRate, throttleBurst } = stack;
  const throttling = {
    DefaultRouteSettings: { ThrottlingRateLimit: throttleRate, ThrottlingBurstLimit: throttleBurst },
  };
  const authorized = { AuthorizationType: "JWT", AuthorizerId: { Ref: "HttpApiAuthorizerJwt" } };
  const routes = jwtIssuer ? await closedRoutes(variables) : [];
  const origins = jwtIssuer && process.env.CORS_ORIGINS;
  // With a name of its own there is no way in past what stands before that name.
  const api = { ...(origins && corsOf(origins)), ...(domainName && { DisableExecuteApiEndpoint: true }) };
  const preflights = (origins ? routes : []).map((route) => [
    routeId({ ...route, method: "options" }),
    preflightOf(route),
  ]);
  const domain = domainName ? domainOf(stack) : {};
  return {
    ...domain,
    Resources: { ...domain.Resources, ...Object.fromEntries(preflights) },
    extensions: {
      HttpApiStage: { Properties: throttling },
      HttpApi: { Properties: api },
      ...Object.fromEntries(routes.map((route) => [routeId(route), { Properties: authorized }])),
    },
  };
};
