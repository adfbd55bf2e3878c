from yincai.cli.main import main

main()
