/*
 * plan_cache.h - parsed plans, kept while they are used; one per lane.
 */
#ifndef FERMATA_ENGINE_PLAN_CACHE_H
#define FERMATA_ENGINE_PLAN_CACHE_H

struct plan_cache;

struct plan_cache *plan_cache_new(void);
void plan_cache_free(struct plan_cache *cache); /* null is allowed */
/* Makes room. Only between batches: a running one still looks at the plans it has used. */
void plan_cache_trim(struct plan_cache *cache);
/* What was read may have been rolled back since. Only between batches. */
void plan_cache_clear(struct plan_cache *cache);

#endif
