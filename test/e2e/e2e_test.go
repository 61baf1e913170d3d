// Package e2e tests the program as its users meet it: scripts start the real
// binary, configure it through its CLI and API, and are its viewers. Each
// script is named after what a user would notice.
//
// Scripts are testscript files. Besides the usual commands they have:
//
//	serve [FLAG…]          start "cistern serve" in the background, on free ports and with $DATA
//	serve-lean [FLAG…]     the same without the race detector, for figures
//	waitready              wait until /readyz answers 200
//	stop, kill9            SIGTERM or SIGKILL, and wait for the end; stop requires exit status 0
//	signal, waitexit       the two halves of stop
//	cistern ARG…           run the program to its end; its words can be matched afterwards
//	status N               fail unless that was its exit status
//	zone bucket|stub [ZONE-JSON [ORIGIN-JSON]]  make zone cdn.test, and wait until the edge has it
//	applied [HOSTNAME]     wait until the edge has the zone's newest revision; sets ZONE, ORIGIN
//	purge JSON             purge cdn.test by one call of the API, and wait until it is done
//	api METHOD PATH [-H FIELD]… [FILE]  one call of the REST API: prints status, some fields and body
//	ops PATH               one request to the ops address: prints status and body
//	metric REGEXP…         wait until the metrics have such lines
//
//	s3 …, stub …           the private bucket and the scripted origin (see origin_test.go)
//
//	fetch [-X METHOD] [-H FIELD]… TARGET  one viewer request, the target as it stands
//	until STATUS TARGET                   the same, again and again, until that is the status
//	open NAME …, finish NAME              the same in two halves: up to the first body byte, and the rest
//	viewers N TARGET                      N viewers at once of one object that the stub holds back
//	load N TARGET…                        N requests over the targets, four at a time
//	dribble N                             N clients that send half a head, and stay
//	refused                               wait until no new connection is accepted
//	raw FILE                              a table of raw requests and their verdicts (see raw_test.go)
//
//	memory idle|MIB        remember resident memory; fail if its peak is MIB above that
//	lines N FILE           fail unless FILE has so many lines
//	nosecret TEXT          fail if TEXT is in any file, log line or answer of this script
//
// Viewers ask for host cdn.test unless a field says otherwise.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cistern-cdn/cistern/test/s3test/remote"
)

var update = flag.Bool("update", false, "write what commands printed into the scripts that compare it")

// programs are the binaries under test, built once for all scripts. With
// -race the program has the race detector too, and lean is built without.
type programs struct {
	dir     string // holds cistern and s3test
	lean    string // cistern without race detector, for figures of memory
	bucket  *remote.Process
	nextTag *tags
}

// built is set by TestMain and constant afterwards.
var built programs

func TestMain(m *testing.M) {
	flag.Parse()
	status, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		status = 1
	}
	os.Exit(status)
}

func run(m *testing.M) (status int, err error) {
	dir, err := os.MkdirTemp("", "cistern-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		return 1, err
	}
	built.bucket, err = remote.Start(filepath.Join(dir, "s3test"), "bucket")
	if err != nil {
		return 1, err
	}
	defer func() {
		if closeErr := built.bucket.Close(); err == nil {
			err = closeErr
		}
	}()
	return m.Run(), nil
}

// build compiles what scripts run.
func build(dir string) error {
	built = programs{dir: dir, lean: filepath.Join(dir, "cistern"), nextTag: new(tags)}
	type target struct{ module, pkg, output, race string }
	targets := []target{
		{"../..", "./cmd/cistern", "cistern", "-race=false"},
		{"..", "./s3test/cmd/s3test", "s3test", "-race=false"},
	}
	if raceEnabled {
		built.lean = filepath.Join(dir, "lean", "cistern")
		targets[0].output = "lean/cistern"
		targets = append(targets, target{"../..", "./cmd/cistern", "cistern", "-race=true"})
	}
	for _, t := range targets {
		command := exec.Command("go", "build", t.race, "-o", filepath.Join(dir, t.output), t.pkg)
		command.Dir = t.module
		if text, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", t.pkg, err, text)
		}
	}
	return nil
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 ".",
		Setup:               setUp,
		Cmds:                commands(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Condition: func(name string) (bool, error) {
			if name == "race" {
				return raceEnabled, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	})
}

// setUp gives a script its own world and the environment of a user.
func setUp(env *testscript.Env) error {
	w := &world{
		dir:     env.WorkDir,
		http:    freeAddr(),
		api:     freeAddr(),
		ops:     freeAddr(),
		program: filepath.Join(built.dir, "cistern"),
		tag:     built.nextTag.next(),
		halves:  map[string]*exchange{},
	}
	env.Values[worldKey{}] = w
	env.Defer(func() { w.end(env.T()) })
	env.Setenv("PATH", built.dir+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("DATA", filepath.Join(env.WorkDir, "data"))
	env.Setenv("HTTP", w.http)
	env.Setenv("API", w.api)
	env.Setenv("OPS", w.ops)
	env.Setenv("CISTERN_ADMIN_TOKEN", ownerToken)
	env.Setenv("CISTERN_TOKEN", ownerToken)
	env.Setenv("CISTERN_API", "http://"+w.api)
	return nil
}

// ownerToken is the first owner's token in every script.
const ownerToken = "owner-token-of-the-scripts"

func commands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]func(*testscript.TestScript, bool, []string){}
	for name, run := range map[string]func(*call){
		"serve": serve, "serve-lean": serveLean, "waitready": waitReady, "stop": stop, "kill9": kill9,
		"signal": terminate, "waitexit": waitExit, "cistern": cistern, "status": status,
		"zone": createZone, "applied": applied, "purge": purge, "until": until, "api": callAPI, "ops": callOps, "metric": metric,
		"s3": bucketCommand, "stub": stubCommand,
		"fetch": fetch, "open": open, "finish": finish, "viewers": viewers, "load": load, "dribble": dribble, "refused": refused, "raw": rawTable,
		"memory": memory, "lines": lines, "nosecret": noSecret,
	} {
		commands[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			c := &call{TestScript: ts, world: ts.Value(worldKey{}).(*world), name: name, neg: neg, args: args}
			run(c)
		}
	}
	return commands
}
