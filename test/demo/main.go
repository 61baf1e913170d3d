// Command demo shows Cistern at work on this machine: it starts a private
// bucket and "cistern serve", puts a zone before the bucket with the CLI, and
// fetches an object twice. Every command is printed as a user would type it.
//
// It expects the programs cistern and s3test beside itself, where "make demo"
// builds them, and leaves nothing behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/cistern-cdn/cistern/test/s3test/remote"
	"github.com/cistern-cdn/cistern/test/s3test/signed"
)

// What the demo makes.
const (
	bucketName = "photos"
	hostname   = "demo.localhost" // resolves to this machine, in curl and in browsers
	accessKey  = "AKDEMO"
	object     = "hello.txt"
)

func main() {
	once := flag.Bool("once", false, "end after the two answers; exit 1 unless they are MISS, then HIT")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *once); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		stop()
		os.Exit(1)
	}
}

// A demo is what runs, and what the reader is told about it.
type demo struct {
	programs string // directory of cistern and s3test
	data     string // cistern's --data, and the rest of what is removed
	bucket   *remote.Process
	server   *exec.Cmd
	exited   chan error
	secret   string

	http, api, ops string // addresses of cistern
}

func run(ctx context.Context, once bool) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	d := &demo{programs: filepath.Dir(self), secret: newSecret()}
	if d.data, err = os.MkdirTemp("", "cistern-demo-"); err != nil {
		return err
	}
	defer os.RemoveAll(d.data)
	defer func() { err = errors.Join(err, d.stop()) }()

	if err := d.startBucket(ctx); err != nil {
		return err
	}
	if err := d.startCistern(ctx); err != nil {
		return err
	}
	if err := d.createZone(ctx); err != nil {
		return err
	}
	if err := d.fetchTwice(ctx); err != nil || once {
		return err
	}
	d.invite()
	select {
	case <-ctx.Done():
		fmt.Println()
		return nil
	case err := <-d.exited:
		d.server = nil
		return fmt.Errorf("cistern ended: %w\n%s", err, d.log())
	}
}

// startBucket starts the S3 server, fills the bucket, and shows that it is
// private.
func (d *demo) startBucket(ctx context.Context) error {
	var err error
	if d.bucket, err = remote.Start(filepath.Join(d.programs, "s3test"), "bucket"); err != nil {
		return err
	}
	if err := d.bucket.CreateBucket(ctx, bucketName); err != nil {
		return err
	}
	if err := d.bucket.SetKey(ctx, accessKey, d.secret); err != nil {
		return err
	}
	heading("A private bucket: versitygw, a real S3 server, on " + d.bucket.Origin)
	for _, o := range objects() {
		client := signed.Client{URL: d.bucket.Origin, Region: signed.DefaultRegion, AccessKey: accessKey, SecretKey: d.secret}
		if err := client.Put(ctx, bucketName, o.key, map[string][]string{"Content-Type": {o.contentType}}, o.body()); err != nil {
			return err
		}
		fmt.Printf("  %-24s %-26s %s\n", o.key, o.contentType, size(o.size))
	}
	heading("Without a signature it gives nothing")
	url := d.bucket.Origin + "/" + bucketName + "/" + object
	command("curl -i " + url)
	answer, err := fetch(ctx, url, "")
	if err != nil {
		return err
	}
	fmt.Println("  " + answer.status)
	if answer.code != 403 {
		return fmt.Errorf("the bucket is not private: %s", answer.status)
	}
	return nil
}

// startCistern starts "cistern serve" on its usual ports, or on others if
// those are taken, and waits until it is ready.
func (d *demo) startCistern(ctx context.Context) error {
	heading("Cistern, control plane and edge in one process")
	d.http, d.api, d.ops = address("127.0.0.1:8080"), address("127.0.0.1:7480"), address("127.0.0.1:7481")
	args := []string{"serve", "--data", filepath.Join(d.data, "data"), "--http", d.http, "--api", d.api, "--ops", d.ops}
	command(d.typed("cistern") + " " + strings.Join(args, " "))
	log, err := os.Create(filepath.Join(d.data, "serve.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	d.server = exec.Command(filepath.Join(d.programs, "cistern"), args...)
	d.server.Stdout, d.server.Stderr = log, log
	d.server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the demo, which then stops it
	if err := d.server.Start(); err != nil {
		return err
	}
	d.exited = make(chan error, 1)
	go func() { d.exited <- d.server.Wait() }()
	started := time.Now()
	for {
		answer, err := fetch(ctx, "http://"+d.ops+"/readyz", "")
		if err == nil && answer.code == 200 {
			fmt.Printf("  ready after %d ms\n", time.Since(started).Milliseconds())
			return nil
		}
		select {
		case err := <-d.exited:
			d.server = nil
			return fmt.Errorf("cistern ended: %w\n%s", err, d.log())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(started) > time.Minute {
			return fmt.Errorf("cistern is not ready after a minute:\n%s", d.log())
		}
	}
}

// createZone makes the zone and its origin through the CLI.
func (d *demo) createZone(ctx context.Context) error {
	heading("A zone before the bucket, and its origin, made with the CLI")
	token := filepath.Join(d.data, "data", "admin.token")
	text, err := os.ReadFile(token)
	if err != nil {
		return err
	}
	var env []string
	if d.api != "127.0.0.1:7480" {
		env = append(env, "CISTERN_API=http://"+d.api)
		command("export " + env[0])
	}
	env = append(env, "CISTERN_TOKEN="+strings.TrimSpace(string(text)))
	command("export CISTERN_TOKEN=$(cat " + token + ")")
	env = append(env, "CISTERN_S3_SECRET_KEY="+d.secret)
	command("export CISTERN_S3_SECRET_KEY=…    # the secret, in no command line")

	for _, args := range [][]string{
		{"zone", "create", hostname, "--public-ack", "--url", d.bucket.Origin, "--bucket", bucketName,
			"--region", signed.DefaultRegion, "--access-key", accessKey},
		{"origin", "list", hostname},
	} {
		command(d.typed("cistern") + " " + strings.Join(args, " "))
		verb := exec.CommandContext(ctx, filepath.Join(d.programs, "cistern"), args...)
		verb.Env = append(os.Environ(), env...)
		output, err := verb.CombinedOutput()
		if err != nil {
			return fmt.Errorf("cistern %s: %w\n%s", strings.Join(args, " "), err, output)
		}
		fmt.Print(indent(abridge(string(output))))
	}
	return nil
}

// fetchTwice prints the two answers that the demo is about.
func (d *demo) fetchTwice(ctx context.Context) error {
	_, port, _ := strings.Cut(d.http, ":")
	url := "http://" + hostname + ":" + port + "/" + object
	heading("The viewer: no credential, no signature")
	for _, want := range []string{"MISS", "HIT"} {
		command("curl -i " + url)
		answer, err := d.viewer(ctx, object)
		if err != nil {
			return err
		}
		fmt.Print(answer.print())
		if got := answer.field("X-Cache"); answer.code != 200 || got != want {
			return fmt.Errorf("answer is %s, X-Cache %q; want 200 OK, %s\n%s", answer.status, got, want, d.log())
		}
	}
	return nil
}

// viewer fetches an object through the edge. A change reaches the edge within
// milliseconds, but not before the CLI's answer: until then the zone may be
// unknown or without its origin.
func (d *demo) viewer(ctx context.Context, key string) (*answer, error) {
	for deadline := time.Now().Add(10 * time.Second); ; {
		answer, err := fetch(ctx, "http://"+d.http+"/"+signed.Escape(key), hostname)
		if err != nil || answer.code == http.StatusOK || time.Now().After(deadline) {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// invite says what else can be tried while the demo runs.
func (d *demo) invite() {
	_, port, _ := strings.Cut(d.http, ":")
	base := "http://" + hostname + ":" + port
	heading("It keeps serving. In another terminal, after the exports above:")
	for _, o := range objects()[1:] {
		fmt.Printf("  curl -sD- -o /dev/null %s/%s\n", base, signed.Escape(o.key))
	}
	fmt.Printf("  curl -i -H 'Range: bytes=0-4' %s/%s\n", base, object)
	fmt.Printf("  %s purge %s /%s --wait\n", d.typed("cistern"), hostname, object)
	fmt.Printf("  %s zone show %s\n", d.typed("cistern"), hostname)
	fmt.Printf("  curl -s http://%s/metrics | grep ^cistern_\n", d.ops)
	fmt.Println("\nThe web portal is not built in this version. Ctrl-C ends the demo and removes its data.")
}

// typed returns a program's path as a user would type it.
func (d *demo) typed(program string) string {
	path := filepath.Join(d.programs, program)
	if dir, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(dir, path); err == nil && !strings.HasPrefix(short, "..") {
			return short
		}
	}
	return path
}

// stop ends both processes.
func (d *demo) stop() error {
	var errs []error
	if d.server != nil {
		errs = append(errs, d.server.Process.Signal(syscall.SIGTERM))
		if err := <-d.exited; err != nil {
			errs = append(errs, fmt.Errorf("cistern ended: %w\n%s", err, d.log()))
		}
	}
	if d.bucket != nil {
		errs = append(errs, d.bucket.Close())
	}
	return errors.Join(errs...)
}

// log returns what cistern wrote, for an error that ends the demo.
func (d *demo) log() string {
	text, err := os.ReadFile(filepath.Join(d.data, "serve.log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
