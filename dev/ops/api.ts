// biome-ignore lint/suspicious/noExplicitAny: the contract's schemas are for the server; a table shows what came
export type Json = any;

export interface Api {
  get(path: string): Promise<Json>;
  post(path: string, body: object): Promise<Json>;
}

/** Asks a running API. Rejects with a sentence for a person: where nothing answers, or what the problem document says. */
export function askApi(url: string, token: string): Api {
  const base = url.replace(/\/+$/, "");

  async function send(method: string, path: string, body?: object): Promise<Json> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body && { "content-type": "application/json" }),
    };
    const request = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${base}/v1/ops/${path}`, request).catch(() => {
      throw new Error(`Nothing answers at ${base}. Start it with \`npm start\`, or say --url.`);
    });
    const answer = parse(await response.text());
    if (response.ok) return answer;
    throw new Error(
      `${response.status} ${answer.code ?? ""}: ${answer.detail ?? "this is no answer of redigate's"}`,
    );
  }

  return { get: (path) => send("GET", path), post: (path, body) => send("POST", path, body) };
}

/** Names come from whoever made them: what would steer a terminal is shown by its code. */
function parse(text: string): Json {
  try {
    return JSON.parse(text, (_, value) => (typeof value === "string" ? printable(value) : value));
  } catch {
    return {};
  }
}

function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = (character.codePointAt(0) as number).toString(16);
    return `\\u{${code}}`;
  });
}
