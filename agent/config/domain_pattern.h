/* Patterns of domain names, as probe.allow has them: a name, which stands for itself, or "*." and a name, which stands
 * for every name below it, however many labels deep, and not for the name itself. */
#ifndef CONFIG_DOMAIN_PATTERN_H
#define CONFIG_DOMAIN_PATTERN_H

#include <stdbool.h>

/* Whether the pattern, as VALUE_DOMAIN_PATTERN makes it, stands for this lower-case A-label name. */
bool domain_pattern_matches(const char *pattern, const char *ascii);

#endif
