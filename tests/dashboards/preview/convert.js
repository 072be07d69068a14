// A panel of Grafana as one of Perses, with as much of it as Perses has.

const COLORS = { green: "#56a64b", orange: "#e0731c", red: "#c4162a", purple: "#8f3bb8", blue: "#3274d9" };
const UNITS = {
  bytes: "bytes", cps: "counts/sec", dateTimeAsIso: "seconds", dateTimeFromNow: "seconds", dtdurations: "seconds",
  none: "decimal", percentunit: "percent-decimal", s: "seconds", short: "decimal",
};
const DATES = ["dateTimeAsIso", "dateTimeFromNow"];
const STEP = "15s"; // of all queries: what is drawn in more than 3,000 cells hangs the browser without a screen
const APART = 1000; // between the values of two columns that have texts, see table()

const color = (name) => COLORS[name] || name;
const format = (unit) => ({ unit: UNITS[unit], shortValues: unit !== "none" });

function filled(text, { variables }) {
  return Object.entries(variables).reduce((all, [name, value]) => all.replaceAll(`$${name}`, value), text);
}

// Perses has no dates: shows how far away they are.
function query({ expr, legendFormat = "" }, unit, settings) {
  const filled_in = filled(expr, settings);
  return {
    kind: "PrometheusTimeSeriesQuery",
    spec: { query: DATES.includes(unit) ? `abs(time() - (${filled_in}) / 1000)` : filled_in,
      seriesNameFormat: filled(legendFormat, settings), minStep: STEP },
  };
}

function texts(mappings = []) {
  return mappings.flatMap(({ options }) => Object.entries(options).map(([value, { text, color: name }]) =>
    ({ value, text, color: name && color(name) })));
}

const mapped = (mappings) => texts(mappings).map(({ value, text, color: shown }) =>
  ({ kind: "Value", spec: { value, result: { value: text, color: shown } } }));

// A table's cells get their texts and colours by value alone, whatever the column: so the values of those columns are
// moved apart.
function table(panel, settings) {
  const several = panel.targets.length > 1;
  const { indexByName, excludeByName } = panel.transformations.find(({ id }) => id === "organize").options;
  const own = Object.fromEntries(panel.fieldConfig.overrides.map(({ matcher, properties }) =>
    [matcher.options, Object.fromEntries(properties.map(({ id, value }) => [id, value]))]));
  const field = (ref) => several ? `Value #${ref}` : "Value";
  const moved = (name) => own[name]?.mappings && name.startsWith("Value")
    ? APART * (1 + Object.keys(indexByName).indexOf(name)) : 0;
  const column = (name) => name.startsWith("Value #") ? `value #${name.charCodeAt(7) - 64}`
    : name === "Value" ? "value" : name;
  const [sort] = panel.options.sortBy || [];
  const shown = Object.keys(indexByName);
  const columns = shown.map((name) => {
    const { displayName, unit, mappings, "custom.width": width = "auto" } = own[name] || {};
    return { name: column(name), header: displayName, width, enableSorting: true,
      ...(name.startsWith("Value") && !mappings && { format: format(unit || panel.fieldConfig.defaults.unit) }),
      ...(sort?.displayName === displayName && { sort: sort.desc === !DATES.includes(unit) ? "desc" : "asc" }) };
  });
  const labels = shown.filter((name) => !name.startsWith("Value"));
  const hidden = ["timestamp", "__name__", "job", ...Object.keys(excludeByName)]
    .filter((name) => !shown.includes(name));
  columns.push(...hidden.map((name) => ({ name: column(name), hide: true })));
  const transforms = [];
  if (several) { // as Grafana's merge: by the labels that all queries have
    const groups = panel.targets.map(({ expr }) => /by \(([^)]*)\)/.exec(expr)?.[1].split(", "));
    transforms.push(...[...labels, ...hidden].map((name) => ({ kind: "MergeIndexedColumns", spec: { column: name } })));
    transforms.push({ kind: "JoinByColumnValue", spec: { columns: labels.filter((name) =>
      groups.every((group) => !group || group.includes(name))) } });
  }
  const cellSettings = Object.entries(own).flatMap(([name, { mappings }]) =>
    texts(mappings).map(({ value, text, color: backgroundColor }) => ({
      condition: { kind: "Value", spec: { value: moved(name) ? String(Number(value) + moved(name)) : value } },
      text, ...(backgroundColor && { backgroundColor, textColor: "#ffffff" }) })));
  const queries = panel.targets.map((target) => {
    const name = field(target.refId);
    const by = moved(name);
    return query(by ? { ...target, expr: `${by} + (${target.expr})` } : target, own[name]?.unit, settings);
  });
  return [{ kind: "Table", spec: { density: "compact", columnSettings: columns, transforms, cellSettings } }, queries];
}

function stat({ unit, thresholds: { steps: [first, ...others] }, mappings }, { textMode }) {
  return { kind: "StatChart", spec: {
    calculation: "last-number", format: format(unit), mappings: mapped(mappings), valueFontSize: 22,
    thresholds: { defaultColor: color(first.color),
      steps: others.map((step) => ({ value: step.value, color: color(step.color) })) },
    ...(textMode === "name" && { metricLabel: "/^version$/" }) } };
}

function timeline({ mappings }) {
  return { kind: "StatusHistoryChart", spec: {
    legend: { position: "bottom", mode: "list", size: "small" }, mappings: mapped(mappings) } };
}

function series({ unit, min, custom }, { legend }) {
  return { kind: "TimeSeriesChart", spec: {
    legend: { position: legend.placement, mode: legend.displayMode, size: "small",
      values: legend.calcs.length ? ["last", "max"] : [] },
    yAxis: { format: format(unit), min },
    visual: { areaOpacity: custom.fillOpacity / 100, stack: custom.stacking.mode === "normal" ? "all" : "none",
      display: custom.drawStyle === "bars" ? "bar" : "line", lineWidth: 1 } } };
}

const MAKE = { stat, "state-timeline": timeline, timeseries: series };

// What Perses needs for this panel: its definition, those of its queries and how these are asked.
export function convert(panel, settings) {
  const { defaults } = panel.fieldConfig;
  const [plugin, queries] = panel.type === "table" ? table(panel, settings)
    : [MAKE[panel.type](defaults, panel.options),
      panel.targets.map((each) => query(each, defaults.unit, settings))];
  return {
    mode: panel.type === "table" ? "instant" : "range", definitions: queries,
    definition: { kind: "Panel", spec: { display: { name: panel.title, description: panel.description }, plugin,
      queries: queries.map((each) => ({ kind: "TimeSeriesQuery", spec: { plugin: each } })) } },
  };
}
