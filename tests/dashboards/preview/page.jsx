// The page that is photographed: a dashboard's panels where Grafana has them, each drawn by Perses. What to draw stands
// in window.PREVIEW = {dashboard, settings: {prometheus, width, range, variables}}.
import React from "react";
import { createRoot } from "react-dom/client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { CssBaseline, ThemeProvider } from "@mui/material";
import { ChartsProvider, SnackbarProvider, generateChartsTheme, getTheme } from "@perses-dev/components";
import { DataQueriesProvider, PluginRegistry, RouterProvider, TimeRangeProvider, dynamicImportPluginLoader,
  useSuggestedStepMs } from "@perses-dev/plugin-system";
import { DatasourceStoreProvider, Panel, VariableProvider } from "@perses-dev/dashboards";
import * as prometheus from "@perses-dev/prometheus-plugin";
import * as stat from "@perses-dev/stat-chart-plugin";
import * as history from "@perses-dev/status-history-chart-plugin";
import * as table from "@perses-dev/table-plugin";
import * as series from "@perses-dev/timeseries-chart-plugin";
import prometheus_package from "@perses-dev/prometheus-plugin/package.json";
import stat_package from "@perses-dev/stat-chart-plugin/package.json";
import history_package from "@perses-dev/status-history-chart-plugin/package.json";
import table_package from "@perses-dev/table-plugin/package.json";
import series_package from "@perses-dev/timeseries-chart-plugin/package.json";
import { convert } from "./convert.js";

const LINE = 36, GAP = 8; // pixels: of a unit of height, between panels
const { dashboard, settings } = window.PREVIEW;

const loader = dynamicImportPluginLoader([
  [prometheus_package, prometheus], [stat_package, stat], [history_package, history], [table_package, table],
  [series_package, series],
].map(([{ name, version, perses }, module]) => ({
  resource: { kind: "PluginModule", metadata: { name, version }, spec: { plugins: perses.plugins } },
  importPlugin: () => Promise.resolve(module),
})));

const source = {
  kind: "GlobalDatasource", metadata: { name: "prometheus" },
  spec: { default: true, plugin: { kind: "PrometheusDatasource", spec: { directUrl: settings.prometheus } } },
};
const sources = {
  getDatasource: async () => undefined, getGlobalDatasource: async () => source,
  listDatasources: async () => [], listGlobalDatasources: async () => [source],
};

function GrafanaPanel({ panel }) {
  const { x, y, w, h } = panel.gridPos;
  const unit = settings.width / 24;
  const box = { position: "absolute", left: x * unit + GAP / 2, top: y * LINE + GAP / 2, width: w * unit - GAP,
    height: h * LINE - GAP };
  const suggestedStepMs = useSuggestedStepMs(box.width);
  if (panel.type === "row") return <div style={{ ...box, font: "bold 16px sans-serif" }}>{panel.title}</div>;
  const { definition, definitions, mode } = convert(panel, settings);
  return <div style={box}>
    <DataQueriesProvider definitions={definitions} options={{ suggestedStepMs, mode }}>
      <Panel definition={definition} sx={{ height: "100%" }} />
    </DataQueriesProvider>
  </div>;
}

const height = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h)) * LINE;
const theme = getTheme("light");
createRoot(document.getElementById("root")).render(
  <ThemeProvider theme={theme}><CssBaseline /><ChartsProvider chartsTheme={generateChartsTheme(theme, {})}>
    <SnackbarProvider><QueryClientProvider client={new QueryClient()}>
      <RouterProvider RouterComponent={(props) => <a {...props} />} navigate={() => {}}>
        <PluginRegistry pluginLoader={loader}>
          <TimeRangeProvider timeRange={{ pastDuration: settings.range }} refreshInterval="0s">
            <VariableProvider><DatasourceStoreProvider datasourceApi={sources}>
              <div style={{ position: "relative", width: settings.width, height, background: "#f4f5f5" }}>
                {dashboard.panels.map((panel) => <GrafanaPanel key={panel.id} panel={panel} />)}
              </div>
            </DatasourceStoreProvider></VariableProvider>
          </TimeRangeProvider>
        </PluginRegistry>
      </RouterProvider>
    </QueryClientProvider></SnackbarProvider>
  </ChartsProvider></ThemeProvider>);
