// A peer that speaks npws/1 as Go applications do. Its standard input gives a configuration in JSON on the first line and then
// a command on each, "NUMBER VERB ARGUMENT...". It answers "NUMBER ok RESULT" or "NUMBER error REASON", in any order, and ends
// with its input.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type config struct {
	Role string `json:"role"` // "client" or "server"

	URL  string `json:"url"`  // client: what it dials
	Port int    `json:"port"` // server: where it listens, 0 for any

	Capacity int `json:"capacity"` // how many links it keeps idle

	TLS  string `json:"tls"`  // "off", "self-signed" or "verified"
	CA   string `json:"ca"`   // client: whom it trusts, PEM
	Cert string `json:"cert"` // server: its certificate, PEM; without one it makes one for itself
	Key  string `json:"key"`
}

func main() {
	input := bufio.NewReader(os.Stdin)
	port, streams, err := start(input)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make(chan string)
	go func() {
		for {
			line, err := input.ReadString('\n')
			if err != nil {
				os.Exit(0)
			}
			go func() { answers <- answer(streams, strings.Fields(line)) }()
		}
	}()
	fmt.Println("ready", port)
	for line := range answers {
		fmt.Println(line)
	}
}

func start(input *bufio.Reader) (port int, streams *streams, err error) {
	line, err := input.ReadBytes('\n')
	if err != nil {
		return 0, nil, err
	}
	var given config
	if err := json.Unmarshal(line, &given); err != nil {
		return 0, nil, err
	}
	idle := &pool{capacity: given.Capacity}
	switch given.Role {
	case "client":
		err = startClient(idle, given)
	case "server":
		port, err = startServer(idle, given)
	default:
		err = fmt.Errorf("unknown role %q", given.Role)
	}
	return port, newStreams(idle), err
}

func answer(streams *streams, words []string) string {
	result, err := streams.run(words[1], words[2:])
	if err != nil {
		return fmt.Sprintf("%s error %s", words[0], strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return fmt.Sprintf("%s ok %s", words[0], result)
}
