/*
 * cluster.h - this process as one node of several on a shared store: its number, the hints it gives
 * and gets, the schedule beside the store.
 *
 * What other nodes say arrives as effects of the same kinds as those of the own lanes.
 */
#ifndef FERMATA_SERVE_CLUSTER_H
#define FERMATA_SERVE_CLUSTER_H

#include "engine/lanes.h"

struct cluster;

struct cluster_config {
    const char *store;
    const char *schedule; /* the URL of Redis; null: none */
    const char *url;      /* of this node, for people */
    const char *holder;   /* of its number: stays with its folder (member.h) */
    struct clock *clock;
    /* On a thread of the cluster's: another node's effects. */
    void (*on_effect)(void *user, const struct effect *effect);
    /* Effects of other nodes may have been missed. */
    void (*on_cut)(void *user);
    void *user;
};

/* Brings the schema up to date and takes a number. ERR_INVALID_REQUEST: a URL is none. */
enum err cluster_open(const struct cluster_config *config, struct cluster **ret) MUST_CHECK;
/* What the lanes of this node are to know. */
void cluster_configure(struct cluster *cluster, struct lane_config *config);
int64_t cluster_node(const struct cluster *cluster); /* our number; the next one is ours, too */
const char *cluster_caller(const struct cluster *cluster); /* who takes calls to the outside */
/* How long what is due is left to the schedule; 0 while there is none that works. */
int64_t cluster_grace_ms(const struct cluster *cluster);
/* The lanes are open, and not running yet: hints and due entries come from now on. */
enum err cluster_run(struct cluster *cluster, struct lanes *lanes) MUST_CHECK;
/* Of the own lanes, after the commit; null is allowed in all below. */
void cluster_on_effect(struct cluster *cluster, const struct effect *effect);
/* No more due entries and hints; before the lanes close. */
void cluster_close(struct cluster *cluster);
/* Gives the number up; after the lanes. */
void cluster_free(struct cluster *cluster);

#endif
