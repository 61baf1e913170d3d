// Package store keeps the configuration of an installation at rest: zones,
// groups, credentials, purges, tokens and accounts, in etcd.
//
// Writes are transactions ([Store.Update]); what several records say at one
// moment is read with [Store.View]; whoever follows the configuration uses
// [Store.Watch]. One growing number, the revision, counts the transactions
// of the whole installation.
//
// Secrets reach the store sealed: nothing here can open them.
package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// ErrNotFound reports that a record does not exist.
var ErrNotFound = errors.New("not found")

// ErrUnavailable reports that the store did not answer: it is closing, out
// of space, or without a leader. The outcome of a write is then unknown.
var ErrUnavailable = errors.New("store unavailable")

// Options configures a [Store].
type Options struct {
	// Dir is the directory of the store's files; it is made if missing, with
	// mode 0700. It is required.
	Dir string

	// Log takes the store's own warnings and errors. Nil means
	// slog.Default().
	Log *slog.Logger

	// Now gives the time for CreatedAt and UpdatedAt. Nil means time.Now.
	Now func() time.Time
}

// A Store is the configuration at rest. It is safe for concurrent use. Use
// [Open] to get one.
type Store struct {
	member *member
	client *clientv3.Client
	now    func() time.Time
	log    *slog.Logger
}

// Open starts the store on o.Dir, as one etcd member without any listener,
// and returns when it can be used, or when ctx is done. The error says so if
// another process uses the directory.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m, err := startMember(ctx, o.Dir, o.Log)
	if err != nil {
		return nil, err
	}
	s := &Store{member: m, client: m.client(), now: o.Now, log: o.Log}
	err = s.checkFormat(ctx)
	if err == nil {
		err = s.dropOrphans(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close stops the store. Calls that are under way end with an error; what
// was acknowledged is on disk. Close may be called once.
func (s *Store) Close() error {
	err := s.client.Close()
	if errors.Is(err, context.Canceled) {
		err = nil // the in-process client has no connection to close
	}
	return errors.Join(err, s.member.close())
}

// Done is closed when the store has ended by itself, such as after a disk
// fault, or was closed.
func (s *Store) Done() <-chan struct{} { return s.member.etcd.Server.StopNotify() }

// Ping returns nil if the store can be read.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.client.Get(ctx, formatKey)
	return wrap("read store", err)
}

const (
	formatKey = prefix + "format"
	format    = "1"
)

// checkFormat writes the format number into a new store, and refuses one
// that a later version wrote.
func (s *Store) checkFormat(ctx context.Context) error {
	_, err := s.client.Txn(ctx).
		If(clientv3.Compare(clientv3.CreateRevision(formatKey), "=", 0)).
		Then(clientv3.OpPut(formatKey, format)).Commit()
	if err != nil {
		return wrap("prepare store", err)
	}
	got, err := s.client.Get(ctx, formatKey)
	if err != nil {
		return wrap("prepare store", err)
	}
	if len(got.Kvs) != 1 || string(got.Kvs[0].Value) != format {
		return fmt.Errorf("open store: format %q is not known to this version; install the version that wrote it", got.Kvs[0].Value)
	}
	return nil
}

// NewUUID returns a random UUID (RFC 9562, version 4).
func NewUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// wrap marks an error of etcd as ErrUnavailable, unless it is the caller's
// own cancellation. Nil stays nil.
func wrap(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", verb, err)
	}
	return fmt.Errorf("%s: %w: %w", verb, ErrUnavailable, err)
}
