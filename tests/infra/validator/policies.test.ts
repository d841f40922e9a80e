import { expect, test } from "vitest";
import { type Fault, withFault } from "./faults.ts";
import { soundTemplate } from "./sound-template.ts";
import { validateTemplate } from "./validate.ts";

const policy = "Resources/Role/Properties/AssumeRolePolicyDocument";

const FAULTS: readonly Fault[] = [
  ["AssumeRolePolicyDocument: is no policy", "Resources/Role/Properties/AssumeRolePolicyDocument", "{}"],
  ["Document.Version: must be", `${policy}/Version`, "2012-10-18"],
  ["Document.Statements: is unknown", `${policy}/Statements`, []],
  ["Document: lacks Statement", `${policy}/Statement`, undefined],
  ["Statement.0: is no statement", `${policy}/Statement/0`, "Allow"],
  ["Statement.0.Actions: is unknown", `${policy}/Statement/0/Actions`, "sts:AssumeRole"],
  ["Statement.0.Effect: must be Allow or Deny", `${policy}/Statement/0/Effect`, "allow"],
  ["Statement.0.Effect: must be Allow or Deny", `${policy}/Statement/0/Effect`, undefined],
  ["Statement.0: lacks Action", `${policy}/Statement/0/Action`, undefined],
  ["Statement.0: lacks Resource", `${policy}/Statement/0/Principal`, undefined],
  ['"AssumeRole" is no action', `${policy}/Statement/0/Action`, "AssumeRole"],
  ['{"Ref":"Image"} is no action', `${policy}/Statement/0/Action`, [{ Ref: "Image" }]],
  ['{"Refs":"x"} is no resource', `${policy}/Statement/0/Resource`, { Refs: "x" }],
  ["Statement.0.Principal: is nobody", `${policy}/Statement/0/Principal`, { Servis: "x" }],
  ["Statement.0.Principal: is nobody", `${policy}/Statement/0/Principal`, "somebody"],
  [
    "Condition.Bool: compares nothing",
    `${policy}/Statement/0/Condition`,
    { Bool: { "aws:x": { Refs: "x" } } },
  ],
  ["StringEqual is no operator", `${policy}/Statement/0/Condition`, { StringEqual: {} }],
];

test.each(FAULTS)("%s", (problem, path, value) => {
  expect(validateTemplate(withFault(soundTemplate, path, value))).toContainEqual(
    expect.stringContaining(problem),
  );
});
