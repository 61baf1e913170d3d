package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"go.uber.org/zap"
)

const (
	mebibyte = 1 << 20

	// A single member elects itself; the ticks only say how soon.
	tickMs     = 20
	electionMs = 5 * tickMs

	// Half of the hostnames of a zone may change in one transaction, each
	// with a claim to free and one to make. etcd's own default is 128.
	maxTxnOps = 1024

	// keepRevisions is how far back a watch may resume.
	keepRevisions = "10000"
)

// A member is the one etcd member inside this process. It has no listener:
// neither port nor socket.
type member struct {
	etcd *embed.Etcd
	lock *os.File
}

// startMember starts etcd on dir and waits until it can be used.
func startMember(ctx context.Context, dir string, log *slog.Logger) (*member, error) {
	if dir == "" {
		return nil, errors.New("open store: no directory given")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	etcd, err := embed.StartEtcd(memberConfig(dir, log))
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	m := &member{etcd: etcd, lock: lock}
	select {
	case <-etcd.Server.ReadyNotify():
		return m, nil
	case <-etcd.Server.StopNotify():
		err = errors.New("it stopped while starting; its log lines say why")
	case <-ctx.Done():
		err = ctx.Err()
	}
	return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), m.close())
}

// memberConfig returns etcd's configuration for one silent, small member.
func memberConfig(dir string, log *slog.Logger) *embed.Config {
	c := embed.NewConfig()
	c.Name = "cistern"
	c.Dir = dir

	// No listener. The advertised URLs are names that etcd wants to know of a
	// member; nobody ever dials them.
	nowhere := []url.URL{{Scheme: "http", Host: "localhost:0"}}
	c.ListenPeerUrls, c.ListenClientUrls, c.ListenClientHttpUrls, c.ListenMetricsUrls = nil, nil, nil, nil
	c.AdvertisePeerUrls, c.AdvertiseClientUrls = nowhere, nowhere
	c.InitialCluster = c.Name + "=" + nowhere[0].String()
	c.EnableGRPCGateway = false

	c.TickMs, c.ElectionMs = tickMs, electionMs
	c.MaxTxnOps = maxTxnOps
	c.QuotaBackendBytes = 2048 * mebibyte
	// The entries since the last snapshot stay in memory, besides those kept
	// for slow followers, of which a single member has none.
	c.SnapshotCount, c.SnapshotCatchUpEntries = 1000, 100
	c.AutoCompactionMode, c.AutoCompactionRetention = embed.CompactorModeRevision, keepRevisions
	c.BootstrapDefragThresholdMegabytes = 64

	c.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.New(bridge{log}))
	return c
}

func (m *member) client() *clientv3.Client { return v3client.New(m.etcd.Server) }

// close stops etcd, and then lets go of the directory.
func (m *member) close() error {
	m.etcd.Close()
	return m.lock.Close()
}

// lockDir takes dir for this process. The lock ends with the process,
// however it ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock store: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("lock store %s: another process uses this data directory; stop it, or choose another --data", dir)
	}
	return nil, fmt.Errorf("lock store %s: %w", dir, err)
}
