/* A schedule of probes that are made up, and what came out of it. The loop and the clock are fake_loop.h's. */
#ifndef TESTS_UNIT_SCHEDULE_SCENE_H
#define TESTS_UNIT_SCHEDULE_SCENE_H

#include "probe/gate.h"
#include "schedule/schedule.h"
#include "tests/unit/config_scene.h"
#include "tests/unit/fake_loop.h"

#define S INT64_C(1000000)
#define NAMES_MAX 6000

/* A domain's probe talks as long as its name says: fast-7.example takes FAST_US, slow-7.example SLOW_US and then
 * reports a time-out. A node's takes NODE_US, and needs no turn at the gate. */
#define FAST_US (S / 10)
#define SLOW_US (10 * S)
#define NODE_US (2 * S)

struct probe_context {
    struct gate *gate;
    int number; /* the first configuration's is 1 */
    unsigned max_conversations;
};

extern unsigned started, cancelled;
extern const char *asking; /* the domain that asks to be left alone, or NULL */
extern bool again;         /* what the results' receiver says */
extern unsigned allowed;   /* conversations by the limit of open files; 0: as many as are configured */

bool is_slow(const struct config_domain *domain);

struct heard {
    unsigned rounds;
    int64_t at_us, delay_us, worst_delay_us, interval_ms;
    int context; /* of the round heard last */
};

struct scene {
    struct config *config;
    struct probe_context contexts[8];
    int reloads;
    struct gate *gate;
    struct schedule *schedule;
    struct heard heard[NAMES_MAX]; /* of domains, by position in the configuration of the moment */
    struct heard nodes[8];         /* likewise */
};

struct scene *scene_new(const char *text);
/* As the daemon does; the former configuration is returned: it must outlive the rounds that began with it. Forgets what
 * was heard. */
struct config *scene_reload(struct scene *scene, const char *text);
void scene_free(struct scene *scene);
void pass_us(int64_t time_us);

#define EVERY(interval) "agent: {domain: m.example, interval: " interval "}\n"

#endif
