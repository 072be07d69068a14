# Puts the module's root into FEDHEALTH-MIB.txt.in:
#   awk -v oid=1.3.6.1.4.1.32473.7 -f root.awk FEDHEALTH-MIB.txt.in
# SMIv2 tools want each node named, so every arc between an imported name and the root gets a line of its own.
BEGIN {
    enterprises = "1.3.6.1.4.1"
    playpen = enterprises ".8072.9999.9999" # netSnmpPlaypen: anyone's, for trying things out
    parent = "enterprises"; module = "SNMPv2-SMI"; above = enterprises
    if (index(oid, playpen ".") == 1) {
        parent = "netSnmpPlaypen"; module = "NET-SNMP-MIB"; above = playpen
    }
    import = parent

    count = split(substr(oid, length(above) + 2), arc, ".")
    for (i = 1; i < count; i++) {
        nodes = nodes sprintf("%-24sOBJECT IDENTIFIER ::= { %s %s }\n", "fedhealthArc" i, parent, arc[i])
        parent = "fedhealthArc" i
    }
}

/^@NODES@$/ { printf "%s", nodes; next }
{
    gsub(/@IMPORT@/, import)
    gsub(/@MODULE@/, module)
    gsub(/@ROOT@/, parent " " arc[count])
    print
}
