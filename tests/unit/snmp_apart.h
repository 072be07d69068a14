/* net-snmp keeps its state in globals: each test that starts an agent has a process of its own. */
#ifndef TESTS_UNIT_SNMP_APART_H
#define TESTS_UNIT_SNMP_APART_H

#include <stdio.h>
#include <stdlib.h>

/* The assertion of such a process, where cmocka's are of no use. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* Runs this in a process of its own, behind snmp_setup(). It must end well, and within two minutes. */
void snmp_apart(void (*body)(void));

#endif
