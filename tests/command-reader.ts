/** Finds the commands (RESP arrays of bulk strings) in the bytes of one client, however they are cut into pieces. */
export function createCommandReader(onCommand: (name: string) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let words = readWords(rest); words; words = readWords(rest)) {
      onCommand(words.first.toLowerCase());
      rest = rest.subarray(words.length);
    }
  };
}

function readWords(bytes: Buffer): { first: string; length: number } | undefined {
  const header = /^\*(\d+)\r\n/.exec(bytes.subarray(0, 32).toString("latin1"));
  if (!header) return undefined;
  let at = header[0].length;
  let first = "";
  for (let left = Number(header[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(bytes.subarray(at, at + 32).toString("latin1"));
    if (!size) return undefined;
    const start = at + size[0].length;
    const end = start + Number(size[1]);
    if (bytes.length < end + 2) return undefined;
    first ||= bytes.subarray(start, end).toString("latin1");
    at = end + 2;
  }
  return { first, length: at };
}
