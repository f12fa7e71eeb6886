/* SPDX-License-Identifier: GPL-2.0-only */
/* From a recording on disk to a profile: what report, export and others begin with. */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "analysis/analysis.h"
#include "data/reader.h"
#include "export/exporter.h"
#include "model/audit.h"
#include "model/filter.h"
#include "model/model.h"

struct session {
	const char *path; /* borrowed */
	struct reader *reader;
	struct model *model;
	struct sched *sched;
	struct audit audit;
	bool has_sources; /* a timeline may have lines of source, read on this machine */
};

/* Open the recording at @path.  0, or -errno after saying why. */
int session_open(struct session *ret, const char *path);

/*
 * Read it through @analysis and @filter: its state, for the end of it.  0, or -errno
 * after saying why; then the state has been freed.
 */
int session_read(struct session *session, const struct analysis *analysis, struct filter *filter,
		 void **ret);

/* The same to the end of it, of analyses that make a profile.  Valid until session_close(). */
int session_profile(struct session *session, const struct analysis *analysis, struct filter *filter,
		    struct profile *ret);
int session_sheets(struct session *session, const struct analysis *analysis, struct filter *filter,
		   struct sheets *ret);

/*
 * The recording as a timeline in the format of @exporter, to @out.  0, or -errno after
 * saying why it could not be read.  What went wrong in writing is left in @ret_write_error.
 */
int session_timeline(struct session *session, struct filter *filter,
		     const struct exporter *exporter, FILE *out, int *ret_write_error);
void session_close(struct session *session);

/* The analysis that is called @name; NULL after saying which there are. */
const struct analysis *session_analysis(const char *name);

/* Why @filter does not go with @analysis, as a sentence; or NULL. */
const char *session_misfit(const struct analysis *analysis, const struct filter *filter);
const char *session_timeline_misfit(const struct filter *filter);

/* The index of the value called @name in @profile, or -EINVAL after saying which there are. */
int session_value(const struct profile *profile, const char *name);

#endif /* CMD_SESSION_H */
