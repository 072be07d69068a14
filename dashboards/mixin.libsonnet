// The dashboards and the rules as a mixin of monitoring, for those who generate what they deploy: the JSON and the YAML
// beside this file are the source.
local rules = std.parseYaml(importstr 'prometheus/fedhealth.rules.yml');

// The groups with only their rules of this kind: alert or record.
local only(kind) = [
  group { rules: [rule for rule in group.rules if std.objectHas(rule, kind)] }
  for group in rules.groups
  if std.length([rule for rule in group.rules if std.objectHas(rule, kind)]) > 0
];

{
  grafanaDashboards+:: {
    'agent.json': import 'grafana/agent.json',
    'domain.json': import 'grafana/domain.json',
    'imp.json': import 'grafana/imp.json',
    'overview.json': import 'grafana/overview.json',
  },
  prometheusAlerts+:: { groups+: only('alert') },
  prometheusRules+:: { groups+: only('record') },
}
