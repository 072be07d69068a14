// check.js MODULES: reads {name: dashboard} as JSON from standard input and prints [[name, what is wrong], ...]: where
// it differs from Grafana's own TypeScript types. MODULES is where the npm packages of package.json are installed.
//
// The types of a dashboard leave open what is within a panel's `options` and `custom`: those are held against the types
// of the panel's plugin. A key that a type does not have is a fault.
"use strict";
const { createRequire } = require("module");
const path = require("path");
const modules = path.resolve(process.argv[2]);
const installed = createRequire(path.join(modules, "package.json"));
const { createGenerator } = installed("ts-json-schema-generator");
const Ajv = installed("ajv");

const RAW = path.join(modules, "node_modules/@grafana/schema/dist/types/raw");
const DASHBOARD = "dashboard/x/types.gen.d.ts";
const PANELS = {
  "stat": "composable/stat/panelcfg/x/types.gen.d.ts",
  "state-timeline": "composable/statetimeline/panelcfg/x/types.gen.d.ts",
  "table": "composable/table/panelcfg/x/types.gen.d.ts",
  "timeseries": "composable/timeseries/panelcfg/x/types.gen.d.ts",
};

// The schemas of a file's types, as a function (pointer, value) -> what is wrong.
function types(file) {
  const schema = createGenerator({ path: path.join(RAW, file), type: "*", skipTypeCheck: true }).createSchema("*");
  const ajv = new Ajv({ strict: false, allErrors: true });
  ajv.addSchema(schema, "types");
  return {
    has: (name, key) => name in schema.definitions && (!key || key in schema.definitions[name].properties),
    faults: (pointer, value) => {
      const check = ajv.getSchema(`types#/definitions/${pointer}`);
      return check(value) ? [] : check.errors.map(({ instancePath, message, params }) =>
        `${instancePath} ${message} ${JSON.stringify(params)}`);
    },
  };
}

const dashboard = types(DASHBOARD);
const panels = Object.fromEntries(Object.entries(PANELS).map(([type, file]) => [type, types(file)]));

// What is wrong with an override's property, such as `unit` or `custom.width`.
function property_faults({ id, value }, own) {
  const [types_of, key] = id.startsWith("custom.") ? [own, id.slice("custom.".length)] : [dashboard, id];
  if (!types_of.has("FieldConfig", key)) return [` has no such property`];
  return types_of.faults(`FieldConfig/properties/${key}`, value);
}

function* panel_faults(panel) {
  if (panel.type === "row") return;
  const own = panels[panel.type];
  if (!own) {
    yield `panels of type ${panel.type} are not known here`;
    return;
  }
  for (const each of own.faults("Options", panel.options)) yield `options${each}`;
  const custom = panel.fieldConfig.defaults.custom;
  if (custom && !own.has("FieldConfig")) yield "custom: there are no such types";
  if (custom && own.has("FieldConfig")) for (const each of own.faults("FieldConfig", custom)) yield `custom${each}`;
  for (const { matcher, properties } of panel.fieldConfig.overrides)
    for (const each of properties)
      for (const fault of property_faults(each, own)) yield `override ${matcher.options} ${each.id}${fault}`;
}

const faults = [];
for (const [name, value] of Object.entries(JSON.parse(require("fs").readFileSync(0, "utf8")))) {
  const found = dashboard.faults("Dashboard", value);
  for (const each of found) faults.push([name, each]);
  if (found.length) continue; // what follows relies on it
  for (const panel of value.panels)
    for (const each of panel_faults(panel)) faults.push([name, `${panel.title}: ${each}`]);
}
console.log(JSON.stringify(faults));
