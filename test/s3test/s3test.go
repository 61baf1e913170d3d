// Package s3test runs a real S3 server as a private bucket: versitygw, in
// this process, on a loopback port. It verifies every signature, as a store
// in the field does; nothing of it is imitated here.
//
// What a real server cannot be made to do, such as breaking off a body, is
// the business of package stub. Package remote runs either as a process of
// its own.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"

	"github.com/cistern-cdn/cistern/test/s3test/record"
	"github.com/cistern-cdn/cistern/test/s3test/signed"
)

// VirtualDomain is the domain below which a server answers for a bucket by
// its name: a request with "Host: photos.s3.test" is about bucket photos.
const VirtualDomain = "s3.test"

// Options configures a [Server]. The zero value is a server with
// signed.RootKey, in a temporary directory.
type Options struct {
	// Addr is the address to listen on. Empty means a free port of 127.0.0.1.
	Addr string
	// Dir is where objects are kept; it must exist and be empty or come from
	// an earlier server. Empty means a new directory that Close removes.
	Dir string
	// Region is what signatures must name. Empty means
	// signed.DefaultRegion.
	Region string
	// AccessKey and SecretKey are the root key, which may do everything and
	// cannot be disabled. Empty means signed.RootKey and signed.RootSecret.
	AccessKey, SecretKey string
}

func (o *Options) fill() {
	if o.Region == "" {
		o.Region = signed.DefaultRegion
	}
	if o.AccessKey == "" {
		o.AccessKey = signed.RootKey
	}
	if o.SecretKey == "" {
		o.SecretKey = signed.RootSecret
	}
}

// A Server is a running S3 server. Its methods may be called concurrently.
type Server struct {
	// URL is the endpoint, "http://127.0.0.1:port".
	URL string
	// Log holds every request that reached the server.
	Log record.Log

	options Options
	keys    *keys
	remove  string // directory that Close removes; "" means none
	stop    context.CancelFunc
	ended   chan error // gets what the server returned, once
}

// Start runs a server and returns when it accepts requests. The server has
// no bucket yet. A process can hold one server at a time, since versitygw
// keeps settings in package variables, and its working directory becomes the
// server's Dir.
func Start(options Options) (*Server, error) {
	options.fill()
	s := &Server{options: options, keys: newKeys(), ended: make(chan error, 1)}
	if options.Dir == "" {
		dir, err := os.MkdirTemp("", "s3test-")
		if err != nil {
			return nil, err
		}
		s.remove = dir
		s.options.Dir = dir
	}
	store, err := openStore(s.options.Dir)
	if err != nil {
		return nil, errors.Join(err, s.cleanUp())
	}
	if err := s.listen(store); err != nil {
		return nil, errors.Join(fmt.Errorf("start versitygw: %w", err), s.cleanUp())
	}
	return s, nil
}

// openStore opens dir as versitygw's file store. Object attributes go into
// extended attributes, or beside the objects where the file system has none.
func openStore(dir string) (backend.Backend, error) {
	objects := filepath.Join(dir, "objects")
	if err := os.MkdirAll(objects, 0o755); err != nil {
		return nil, err
	}
	// Where the kernel has no O_TMPFILE with links, versitygw falls back by itself.
	if (meta.XattrMeta{}).Test(objects) == nil {
		return posix.New(objects, meta.XattrMeta{}, posix.PosixOpts{})
	}
	sidecar := filepath.Join(dir, "attributes")
	if err := os.MkdirAll(sidecar, 0o755); err != nil {
		return nil, err
	}
	attributes, err := meta.NewSideCar(sidecar)
	if err != nil {
		return nil, err
	}
	return posix.New(objects, attributes, posix.PosixOpts{SideCarDir: sidecar})
}

// listen starts versitygw and waits until it accepts connections. It can
// bind an address but not take a socket, so a free port may be lost to
// another process between the two: then another one is tried.
func (s *Server) listen(store backend.Backend) error {
	for try := 1; ; try++ {
		addr, err := s.pickAddr()
		if err != nil {
			return err
		}
		ready := make(chan struct{})
		ctx, stop := context.WithCancel(context.Background())
		go func() { s.ended <- embedgw.RunVersityGW(ctx, store, s.config(addr, ready)) }()
		select {
		case <-ready:
			s.URL, s.stop = "http://"+addr, stop
			return nil
		case err := <-s.ended:
			stop()
			if s.options.Addr != "" || try == 5 {
				return err
			}
		}
	}
}

func (s *Server) pickAddr() (string, error) {
	if s.options.Addr != "" {
		return s.options.Addr, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *Server) config(addr string, ready chan<- struct{}) *embedgw.Config {
	return &embedgw.Config{
		RootUserAccess:    s.options.AccessKey,
		RootUserSecret:    s.options.SecretKey,
		Region:            s.options.Region,
		Ports:             []string{addr},
		MaxConnections:    10_000,
		MaxRequests:       10_000,
		MultipartMaxParts: 10_000,
		KeepAlive:         true,
		Quiet:             true,
		VirtualDomain:     VirtualDomain,
		IAMService:        s.keys,
		S3Options: []s3api.Option{
			s3api.WithOnListen(func() { close(ready) }),
			s3api.WithMiddleware("/", s.record),
		},
	}
}

// record notes a request and lets it pass.
func (s *Server) record(c fiber.Ctx) error {
	header := http.Header{}
	for name, value := range c.Request().Header.All() {
		header.Add(string(name), string(value))
	}
	host := header.Get("Host")
	header.Del("Host")
	s.Log.Add(record.Request{
		Method: strings.Clone(c.Method()), // fiber reuses its strings
		Target: string(c.Request().Header.RequestURI()),
		Host:   host,
		Header: header,
		Reused: c.RequestCtx().ConnRequestNum() > 1,
	})
	return c.Next()
}

// SetKey makes an access key valid, or gives it another secret. It acts on
// the next request.
func (s *Server) SetKey(accessKey, secret string) { s.keys.set(accessKey, secret) }

// DisableKey makes an access key unknown: requests signed with it are
// answered 403 InvalidAccessKeyId, until SetKey is called again.
func (s *Server) DisableKey(accessKey string) { s.keys.drop(accessKey) }

// CreateBucket makes an empty private bucket.
func (s *Server) CreateBucket(ctx context.Context, name string) error {
	return s.root().CreateBucket(ctx, name)
}

// Put stores an object under the exact bytes of key.
func (s *Server) Put(ctx context.Context, bucket, key, contentType string, body io.ReadSeeker) error {
	return s.root().Put(ctx, bucket, key, http.Header{"Content-Type": {contentType}}, body)
}

func (s *Server) root() *signed.Client {
	return &signed.Client{
		URL: s.URL, Region: s.options.Region,
		AccessKey: s.options.AccessKey, SecretKey: s.options.SecretKey,
	}
}

// Close ends the server and returns what it failed with, if it did. It may
// be called once.
func (s *Server) Close() error {
	s.stop()
	var err error
	select {
	case err = <-s.ended:
	case <-time.After(15 * time.Second): // versitygw itself gives up after 10 s
		err = errors.New("stop versitygw: it did not end")
	}
	return errors.Join(err, s.cleanUp())
}

// cleanUp leaves the directory, which versitygw made the working directory,
// and removes it if Start made it.
func (s *Server) cleanUp() error {
	if s.remove == "" {
		return nil
	}
	return errors.Join(os.Chdir(os.TempDir()), os.RemoveAll(s.remove))
}
