package store

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"go.uber.org/zap/zapcore"
)

// A bridge takes etcd's warnings and errors into slog; what is less than a
// warning is dropped.
type bridge struct{ log *slog.Logger }

var _ zapcore.Core = bridge{}

// Enabled reports whether lines of this level are wanted.
func (b bridge) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

// With returns a bridge that adds fields to each line.
func (b bridge) With(fields []zapcore.Field) zapcore.Core {
	return bridge{b.log.With(attrs(fields)...)}
}

// Check adds the bridge to the line if it wants it.
func (b bridge) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if !b.Enabled(e.Level) {
		return c
	}
	return c.AddCore(e, b)
}

// Write logs the line, unless it is an expected one.
func (b bridge) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if expected(e.Message, fields) {
		return nil
	}
	level := slog.LevelWarn
	if e.Level > zapcore.WarnLevel {
		level = slog.LevelError
	}
	b.log.Log(context.Background(), level, "etcd: "+e.Message, attrs(fields)...)
	return nil
}

// Sync does nothing: slog does not buffer.
func (b bridge) Sync() error { return nil }

// expected reports whether etcd says this of every member that is set up as
// ours, so that it would only worry the operator.
func expected(message string, fields []zapcore.Field) bool {
	switch message {
	case "Running http and grpc server on single port. This is not recommended for production.",
		"simple token is not cryptographically signed",
		"Failed to detect storage schema version. Please wait till wal snapshot before upgrading cluster.":
		return true
	case "Failed to detect schema version", "failed to update storage version":
		// A young member cannot tell its version before its first snapshot.
		return slices.ContainsFunc(fields, func(f zapcore.Field) bool {
			err, ok := f.Interface.(error)
			return ok && strings.Contains(err.Error(), "missing term information")
		})
	}
	return false
}

func attrs(fields []zapcore.Field) []any {
	enc := zapcore.NewMapObjectEncoder()
	out := make([]any, 0, len(fields))
	for _, f := range fields {
		f.AddTo(enc)
		if v, ok := enc.Fields[f.Key]; ok {
			out = append(out, slog.Any(f.Key, v))
		}
	}
	return out
}
