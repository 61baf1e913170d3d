// Command s3test runs one test origin until its standard input ends or it
// gets SIGINT or SIGTERM:
//
//	s3test bucket [-listen ADDR] [-dir DIR] [-region REGION] [-key ID] [-secret TEXT]
//	s3test stub [-listen ADDR] [-region REGION] [-plain]
//
// When it serves, it prints where, as one line of JSON (see package remote,
// which also documents its control calls).
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/cistern-cdn/cistern/test/s3test"
	"github.com/cistern-cdn/cistern/test/s3test/record"
	"github.com/cistern-cdn/cistern/test/s3test/remote"
	"github.com/cistern-cdn/cistern/test/s3test/signed"
	"github.com/cistern-cdn/cistern/test/s3test/stub"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "s3test:", err)
		os.Exit(1)
	}
}

// An origin is what both kinds can do.
type origin interface {
	SetKey(accessKey, secret string)
	DisableKey(accessKey string)
	Close() error
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("name an origin: bucket or stub")
	}
	calls := http.NewServeMux()
	var (
		served origin
		log    *record.Log
		url    string
		err    error
	)
	switch args[0] {
	case "bucket":
		var server *s3test.Server
		if server, err = startBucket(args[1:], calls); err == nil {
			served, log, url = server, &server.Log, server.URL
		}
	case "stub":
		var server *stub.Server
		if server, err = startStub(args[1:], calls); err == nil {
			served, log, url = server, &server.Log, server.URL
		}
	default:
		err = fmt.Errorf("unknown origin %q: want bucket or stub", args[0])
	}
	if err != nil {
		return err
	}
	handleKeys(calls, served)
	handleLog(calls, log)
	return errors.Join(serve(calls, url), served.Close())
}

func startBucket(args []string, calls *http.ServeMux) (*s3test.Server, error) {
	var o s3test.Options
	flags := flag.NewFlagSet("s3test bucket", flag.ExitOnError)
	flags.StringVar(&o.Addr, "listen", "", "`address`; default a free port of 127.0.0.1")
	flags.StringVar(&o.Dir, "dir", "", "`directory` of the objects; default a new one, removed at the end")
	flags.StringVar(&o.Region, "region", signed.DefaultRegion, "`region` of the bucket")
	flags.StringVar(&o.AccessKey, "key", signed.RootKey, "root access `key` id")
	flags.StringVar(&o.SecretKey, "secret", signed.RootSecret, "root secret `key`")
	_ = flags.Parse(args) // exits
	server, err := s3test.Start(o)
	if err != nil {
		return nil, err
	}
	handle(calls, "PUT /bucket", func(r *http.Request) (any, error) {
		return nil, server.CreateBucket(r.Context(), r.URL.Query().Get("name"))
	})
	return server, nil
}

func startStub(args []string, calls *http.ServeMux) (*stub.Server, error) {
	var o stub.Options
	flags := flag.NewFlagSet("s3test stub", flag.ExitOnError)
	flags.StringVar(&o.Addr, "listen", "", "`address`; default a free port of 127.0.0.1")
	flags.StringVar(&o.Region, "region", signed.DefaultRegion, "`region` of the store")
	flags.BoolVar(&o.Plain, "plain", false, "be a web server, which refuses signatures")
	_ = flags.Parse(args) // exits
	server, err := stub.Start(o)
	if err != nil {
		return nil, err
	}
	handle(calls, "PUT /answer", func(r *http.Request) (any, error) {
		var a stub.Answer
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			return nil, err
		}
		server.SetAnswer(r.URL.Query().Get("target"), a)
		return nil, nil
	})
	handle(calls, "POST /release", func(*http.Request) (any, error) {
		server.Release()
		return nil, nil
	})
	return server, nil
}

func handleKeys(calls *http.ServeMux, served origin) {
	handle(calls, "PUT /key", func(r *http.Request) (any, error) {
		secret, err := io.ReadAll(r.Body)
		served.SetKey(r.URL.Query().Get("id"), string(secret))
		return nil, err
	})
	handle(calls, "DELETE /key", func(r *http.Request) (any, error) {
		served.DisableKey(r.URL.Query().Get("id"))
		return nil, nil
	})
}

func handleLog(calls *http.ServeMux, log *record.Log) {
	handle(calls, "GET /requests", func(*http.Request) (any, error) {
		return log.Requests(), nil
	})
	handle(calls, "DELETE /requests", func(*http.Request) (any, error) {
		log.Forget()
		return nil, nil
	})
}

// handle answers a call with the JSON of what f returns.
func handle(calls *http.ServeMux, pattern string, f func(*http.Request) (any, error)) {
	calls.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		result, err := f(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(result) // the caller left: its business
	})
}

// serve answers control calls until the process is told to end.
func serve(calls http.Handler, originURL string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	control := &http.Server{Handler: calls}
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(listener) }()
	address := remote.Address{Origin: originURL, Control: "http://" + listener.Addr().String()}
	if err := json.NewEncoder(os.Stdout).Encode(address); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	closed := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(closed)
	}()
	select {
	case err := <-ended:
		return err
	case <-stop:
	case <-closed:
	}
	return control.Close()
}
