#include "exporters/prometheus/process.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    CPU_SECONDS,
    OPEN_FDS,
    MAX_FDS,
    VIRTUAL_MEMORY,
    VIRTUAL_MEMORY_MAX,
    RESIDENT_MEMORY,
    HEAP,
    START_TIME,
    THREADS
};

static const struct family FAMILIES[PROCESS_METRIC_COUNT] = {
    [CPU_SECONDS] = {"process_cpu_seconds_total", FAMILY_COUNTER, "seconds",
                     "Total user and system CPU time spent in seconds."},
    [OPEN_FDS] = {"process_open_fds", FAMILY_GAUGE, NULL, "Number of open file descriptors."},
    [MAX_FDS] = {"process_max_fds", FAMILY_GAUGE, NULL, "Maximum number of open file descriptors."},
    [VIRTUAL_MEMORY] = {"process_virtual_memory_bytes", FAMILY_GAUGE, "bytes", "Virtual memory size in bytes."},
    [VIRTUAL_MEMORY_MAX] = {"process_virtual_memory_max_bytes", FAMILY_GAUGE, "bytes",
                            "Maximum amount of virtual memory available in bytes; 2^64 - 1 where there is no limit."},
    [RESIDENT_MEMORY] = {"process_resident_memory_bytes", FAMILY_GAUGE, "bytes", "Resident memory size in bytes."},
    [HEAP] = {"process_heap_bytes", FAMILY_GAUGE, "bytes", "Process heap size in bytes."},
    [START_TIME] = {"process_start_time_seconds", FAMILY_GAUGE, "seconds",
                    "Start time of the process since unix epoch in seconds."},
    [THREADS] = {"process_threads", FAMILY_GAUGE, NULL, "Number of OS threads in the process."},
};

static void put(struct process_sample *sample, int metric, double number)
{
    sample->metric[metric].present = true;
    sample->metric[metric].number = number;
}

/* Reads a small file of /proc whole; false when it cannot be read. */
static bool read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t length = fread(text, 1, size - 1, file);
    text[length] = '\0';
    fclose(file);
    return length > 0;
}

/* Seconds since 1970 at which the machine started, or 0. */
static unsigned long long boot_time(void)
{
    unsigned long long boot = 0;
    char line[256];
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL)
        return 0;
    while (boot == 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "btime %llu", &boot);
    fclose(file);
    return boot;
}

/* proc(5) lists the fields of /proc/self/stat. They are counted from behind the second, the program's name, which
 * stands in parentheses and may itself contain some. */
static void take_stat(struct process_sample *sample)
{
    char text[1024];
    if (!read_file("/proc/self/stat", text, sizeof text))
        return;
    const char *fields = strrchr(text, ')');
    unsigned long user, system, virtual_bytes;
    unsigned long long start;
    long threads, resident_pages;
    static const char FORMAT[] = ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u " /* state … cmajflt */
                                 "%lu %lu %*d %*d %*d %*d %ld %*d %llu %lu %ld";   /* utime … rss */
    if (fields == NULL ||
        sscanf(fields, FORMAT, &user, &system, &threads, &start, &virtual_bytes, &resident_pages) != 6)
        return;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    put(sample, CPU_SECONDS, (double)(user + system) / ticks);
    put(sample, VIRTUAL_MEMORY, (double)virtual_bytes);
    put(sample, RESIDENT_MEMORY, (double)resident_pages * (double)sysconf(_SC_PAGESIZE));
    put(sample, THREADS, (double)threads);
    unsigned long long boot = boot_time();
    if (boot != 0)
        put(sample, START_TIME, (double)boot + (double)start / ticks);
}

static void take_open_fds(struct process_sample *sample)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return;
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    put(sample, OPEN_FDS, (double)count - 1); /* without the folder itself */
}

static void take_limit(struct process_sample *sample, int metric, int resource)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) == 0)
        put(sample, metric, (double)limit.rlim_cur);
}

void process_sample_take(struct process_sample *sample)
{
    *sample = (struct process_sample){0};
    take_stat(sample);
    take_open_fds(sample);
    take_limit(sample, MAX_FDS, RLIMIT_NOFILE);
    take_limit(sample, VIRTUAL_MEMORY_MAX, RLIMIT_AS);
    struct mallinfo2 heap = mallinfo2();
    put(sample, HEAP, (double)(heap.arena + heap.hblkhd));
}

void process_sample_write(const struct process_sample *sample, struct buf *out, enum prometheus_format format)
{
    for (size_t i = 0; i < PROCESS_METRIC_COUNT; i++) {
        if (!sample->metric[i].present)
            continue;
        writer_family(out, format, &FAMILIES[i]);
        writer_sample(out, FAMILIES[i].metric, "", sample->metric[i].number);
    }
}
