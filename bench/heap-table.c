/*
 * heap-table.c - the table of workloads: a row each, a column each allocator.
 *
 * The typed cache has a row of its own where objects have its size: it competes with malloc() of
 * the peers, as what a program would have used instead.
 */
#include <stdio.h>
#include <string.h>

#include "heap-bench.h"
#include "heap-workload.h"

struct row {
    struct heap_bench *bench;
    const struct heap_workload *workload;
    unsigned first_round; /* of the child that runs now */
    double samples[HEAP_MAX][HEAP_MAX_ROUNDS];
    double ns[HEAP_MAX]; /* medians; 0: not measured */
};

static bool takes_part(const struct row *row, unsigned i)
{
    return i != HEAP_TYPED || row->workload->bytes == HEAP_TYPED_BYTES;
}

static void run_round(const struct row *row, double *ns[HEAP_MAX])
{
    const struct heap_allocators *allocators = &row->bench->allocators;
    const struct heap_workload *workload = row->workload;
    for (unsigned i = 0; i < allocators->n; i++)
        if (takes_part(row, i))
            *ns[i] = workload->run(row->bench->work, &allocators->all[i], workload->parameter);
}

/* In a child. The first round warms up. */
static void measure(void *argument)
{
    struct row *row = argument;
    double warm_up[HEAP_MAX];
    double *ns[HEAP_MAX];
    for (unsigned i = 0; i < HEAP_MAX; i++)
        ns[i] = &warm_up[i];
    run_round(row, ns);
    for (unsigned round = row->first_round; round < row->bench->n_rounds;
         round += HEAP_N_CHILDREN) {
        for (unsigned i = 0; i < HEAP_MAX; i++)
            ns[i] = &row->samples[i][round];
        run_round(row, ns);
    }
}

static void measure_all(struct row *row)
{
    const struct heap_allocators *allocators = &row->bench->allocators;
    for (row->first_round = 0; row->first_round < HEAP_N_CHILDREN; row->first_round++)
        heap_in_child(measure, row);
    for (unsigned i = 0; i < allocators->n; i++)
        if (takes_part(row, i))
            row->ns[i] = heap_median(row->samples[i], row->bench->n_rounds);
}

static struct heap_verdict judge(const struct row *row)
{
    const struct heap_allocators *allocators = &row->bench->allocators;
    const struct heap_workload *workload = row->workload;
    if (!workload->against)
        return (struct heap_verdict){
            workload->limit, row->ns[HEAP_MMSIM] / heap_best_peer(allocators, row->ns, NULL),
            "best peer"};
    const struct heap_allocator *peer = heap_allocator_find(allocators, workload->against);
    if (!peer)
        return (struct heap_verdict){.limit = workload->limit};
    return (struct heap_verdict){workload->limit,
                                 row->ns[HEAP_MMSIM] / row->ns[peer - allocators->all], peer->name};
}

/* At most 3 ns, or half of mimalloc's. */
static struct heap_verdict judge_typed(const struct row *row)
{
    const struct heap_allocators *allocators = &row->bench->allocators;
    const struct heap_allocator *mimalloc = heap_allocator_find(allocators, "mimalloc");
    double typed = row->ns[HEAP_TYPED];
    if (mimalloc && typed > 3)
        return (struct heap_verdict){0.5, typed / row->ns[mimalloc - allocators->all], "mimalloc"};
    return (struct heap_verdict){1, typed / 3, "3 ns"};
}

static void put_json(const struct row *row)
{
    const struct heap_allocators *allocators = &row->bench->allocators;
    double best = heap_best_peer(allocators, row->ns, NULL);
    for (unsigned i = 0; i < allocators->n; i++)
        if (row->ns[i] > 0)
            printf("{\"workload\":\"%s\",\"allocator\":\"%s\",\"ns\":%.2f,\"ratio\":%.2f}\n",
                   row->workload->name, allocators->all[i].name, row->ns[i], row->ns[i] / best);
}

static void put_line(struct row *row)
{
    const struct heap_allocators *allocators = &row->bench->allocators;
    const char *best;
    printf("%-18s", row->workload->name);
    for (unsigned i = 0; i < allocators->n; i++)
        if (row->ns[i] > 0)
            printf(" %9.2f", row->ns[i]);
        else
            printf(" %9s", "");
    double ratio = row->ns[HEAP_MMSIM] / heap_best_peer(allocators, row->ns, &best);
    printf(" %6.2f %-9s", ratio, best);
    struct heap_verdict verdict = judge(row);
    heap_put_verdict(row->bench, &verdict);
    if (strcmp(row->workload->name, "pair-64") == 0) {
        printf("%*s", 18 + 10 * (int)allocators->n + 17, "typed:");
        verdict = judge_typed(row);
        heap_put_verdict(row->bench, &verdict);
    }
}

void heap_bench_workloads(struct heap_bench *bench)
{
    struct row *row = heap_shared_pages(sizeof *row);
    if (!bench->json) {
        printf("ns a malloc and free\n%-18s", "");
        for (unsigned i = 0; i < bench->allocators.n; i++)
            printf(" %9s", bench->allocators.all[i].name);
        printf(" %6s %-9s  %s\n", "ratio", "best peer", "limit");
    }
    for (size_t i = 0; i < heap_n_workloads; i++) {
        *row = (struct row){.bench = bench, .workload = &heap_workloads[i]};
        measure_all(row);
        if (bench->json)
            put_json(row);
        else
            put_line(row);
    }
}
