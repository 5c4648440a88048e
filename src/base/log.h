/*
 * Log lines on stderr. Only `service` and `cli` log; a line never holds
 * captured text or notes, only ids (escaped), counts and reasons.
 */
#ifndef MF_BASE_LOG_H
#define MF_BASE_LOG_H

enum mf_log_level {
    MF_LOG_DEBUG,
    MF_LOG_INFO,
    MF_LOG_WARN,
    MF_LOG_ERROR,
};

enum mf_log_format { MF_LOG_TEXT, MF_LOG_JSON };

/* How lines are written: as text at start, or as a JSON object each, with
 * "time", "level" and "text". */
void mf_log_set_format(enum mf_log_format format);

/* Lines below `level` are dropped. Info at start. */
void mf_log_set_level(enum mf_log_level level);

/*
 * Write one line: time, level, text. Control characters in the text are
 * written as \xNN (JSON: \u00NN). Safe from any thread.
 */
void mf_log(enum mf_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
