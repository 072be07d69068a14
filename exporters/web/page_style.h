/* The style of every page: one column, system type, light or dark as the reader's system is. A state has a mark and a
 * word; colour only repeats them. */
#ifndef WEB_PAGE_STYLE_H
#define WEB_PAGE_STYLE_H

#define PAGE_STYLE \
    ":root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5b6776;--line:#dfe3e9;" \
    "--link:#0b5cad;--ok:#1a7f4b;--warning:#8f5b00;--critical:#b3261e;--unknown:#5b6776;" \
    "--ok-bg:#e3f4ea;--warning-bg:#fdf0d5;--critical-bg:#fde7e5;--unknown-bg:#e9ecf0}" \
    "@media(prefers-color-scheme:dark){:root{--paper:#10151c;--card:#171e27;--ink:#e3e8ee;--soft:#9aa6b4;" \
    "--line:#2a333f;" \
    "--link:#7db8f2;--ok:#6fd39b;--warning:#f0bd5e;--critical:#ff9188;--unknown:#a6b1be;" \
    "--ok-bg:#14301f;--warning-bg:#35290f;--critical-bg:#3d1a18;--unknown-bg:#252d37}}" \
    "*{box-sizing:border-box}" \
    "body{margin:0;background:var(--paper);color:var(--ink);" \
    "font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",sans-serif}" \
    "header,main,footer{max-width:80rem;margin:0 auto;padding:0 1.25rem}" \
    "header{padding-top:1.75rem}" \
    "h1{margin:0;font-size:1.5rem;letter-spacing:-.01em}" \
    "a{color:var(--link)}" \
    "code{font:.92em ui-monospace,\"SF Mono\",\"DejaVu Sans Mono\",Consolas,monospace;overflow-wrap:anywhere}" \
    ".lead{margin:.15rem 0 0;color:var(--soft)}" \
    ".tally{display:flex;flex-wrap:wrap;gap:.5rem;margin:1.1rem 0;padding:0;list-style:none}" \
    ".tally li{padding:.4rem .85rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card)}" \
    ".tally b{font-size:1.15rem;margin-right:.3rem;font-variant-numeric:tabular-nums}" \
    "h2{margin:1.6rem 0 .5rem;font-size:1.05rem}" \
    "header .lead:last-child{margin:.5rem 0 1rem}" \
    ".banner{margin:0 0 1rem;padding:.6rem .9rem;border:1px solid;border-radius:.6rem;background:var(--critical-bg)}" \
    ".cause{margin:.3rem 0 .6rem;padding:.5rem .8rem;border:1px solid;border-left-width:.3rem;border-radius:.4rem;" \
    "background:var(--card);max-width:60rem;overflow-wrap:anywhere}" \
    ".skipped{margin:.2rem 0 0;font-size:.88rem;font-weight:600}" \
    "table{width:100%;border-collapse:separate;border-spacing:0;background:var(--card);" \
    "border:1px solid var(--line);" \
    "border-radius:.6rem;overflow:hidden}" \
    "th,td{padding:.75rem .9rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}" \
    "thead th{border-top:0;color:var(--soft);font-size:.8rem;font-weight:600}" \
    ".domains{table-layout:fixed}.domains thead th:first-child{width:8.6rem}" \
    ".domains thead th:nth-child(3){width:32.5rem}.domains thead th:nth-child(n+4){width:6.4rem}" \
    "@media(min-width:80rem){.domains thead th:nth-child(3){width:39.5rem}}" \
    ".facts{margin:0 0 .8rem}.facts th,.facts td{padding:.4rem .9rem}.facts td{overflow-wrap:anywhere}" \
    "tbody th{font-weight:600;overflow-wrap:anywhere}code[title]{overflow-wrap:normal}" \
    ".facts tbody th{overflow-wrap:normal;white-space:nowrap}.facts th code{white-space:normal}" \
    ".facts th.when{font-weight:400}" \
    ".when{white-space:nowrap;color:var(--soft);font-variant-numeric:tabular-nums}" \
    ".state{display:inline-block;white-space:nowrap;padding:.1rem .6rem;border-radius:1rem;font-weight:600;" \
    "font-size:.85rem}" \
    ".ok{color:var(--ok)}.warning{color:var(--warning)}.critical{color:var(--critical)}.unknown{color:var(--unknown)}" \
    ".state.ok{background:var(--ok-bg)}.state.warning{background:var(--warning-bg)}" \
    ".state.critical{background:var(--critical-bg)}.state.unknown{background:var(--unknown-bg)}" \
    ".steps{display:flex;flex-wrap:wrap;gap:.1rem .85rem;margin:0;padding:0;list-style:none;font-size:.88rem}" \
    ".steps li{white-space:nowrap}.steps .critical,.steps .warning{font-weight:600}" \
    "details{margin-top:.3rem}" \
    "main>details{margin-bottom:.6rem;padding:.7rem .9rem;background:var(--card);border:1px solid var(--line);" \
    "border-radius:.6rem}" \
    ".endpoint .facts{margin-top:.7rem}.part{white-space:nowrap}" \
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.7rem 0}" \
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}" \
    "summary{cursor:pointer}summary:focus-visible,a:focus-visible{outline:2px solid var(--link);outline-offset:2px}" \
    "details p{margin:.5rem 0 0;max-width:46rem}details p b{display:block;font-size:.8rem;color:var(--soft)}" \
    "footer{padding-top:1rem;padding-bottom:2rem;color:var(--soft);font-size:.85rem}" \
    "nav{float:right;padding-top:.4rem}nav a{margin-left:1.1rem}" \
    "@media(max-width:64rem){thead{display:none}table,tbody,tr,td,tbody th{display:block}" \
    "tbody tr{padding:.75rem .9rem;border-top:1px solid var(--line)}tbody tr:first-child{border-top:0}" \
    "td,tbody th{border:0;padding:.12rem 0}.when{display:inline-block;white-space:normal;margin-right:.8rem;" \
    "font-size:.88rem}" \
    ".facts td,.facts tbody th{padding:.12rem 0;white-space:normal}.facts td{display:inline-block;margin-right:.8rem}" \
    ".facts tr{padding:.5rem .9rem}.facts [data-absent]{display:none}" \
    ".when[data-label]::before{content:attr(data-label) \" \"}}" \
    "@media(max-width:30rem){dl{display:block}dd{margin-bottom:.3rem}nav{float:none}nav a{margin:0 1.1rem 0 0}}"

#endif
